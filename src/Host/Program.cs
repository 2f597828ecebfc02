using NetPilot.Host;
using NetPilot.Host.Startup;

try
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddNetPilot();

    var app = builder.Build();
    app.ValidateSettings();
    app.UseNetPilot();
    await app.MigrateAsync();
    await app.RunAsync();
    return 0;
}
catch (Exception exception) when (StartupFailure.SentenceFor(exception) is { } sentence)
{
    await Console.Error.WriteLineAsync($"NetPilot did not start: {sentence}");
    return 1;
}

/// <summary>Named so that tests can start the server.</summary>
public partial class Program;
