using NetPilot.Host;
using NetPilot.Host.Observability;
using NetPilot.Host.Startup;
using NetPilot.Identity;

try
{
    var builder = WebApplication.CreateBuilder(args);
    if (args is ["admin", ..])
    {
        builder.QuietenForCommandLine();
    }

    builder.AddNetPilot();

    var app = builder.Build();
    app.ValidateSettings();
    await app.MigrateAsync();
    if (await IdentityModule.RunAdminCommandAsync(app.Services, args, Console.Out, app.Lifetime.ApplicationStopping) is { } exitCode)
    {
        return exitCode;
    }

    app.UseNetPilot();
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
