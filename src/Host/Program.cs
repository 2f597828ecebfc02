using NetPilot.Host;

var arguments = HostArguments.Read(args);
if (await HostCommands.AnswerAsync(arguments, Console.Out, Console.Error) is { } answered)
{
    return answered;
}

using var signals = new StopSignals();
var started = CancellationToken.None;
try
{
    // Settings are read once. Watching their files would only use the user's inotify instances up, and fail where there are none left.
    var builder = WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false", .. arguments.Settings]);
    builder.WebHost.UseKestrelHttpsConfiguration();
    builder.Configuration.AddShippedSettings();
    builder.Configuration.LeaveOutNulls();
    if (arguments.Command != HostCommand.Serve)
    {
        builder.QuietenForCommandLine();
    }

    Logging.WriteLinesWhole();
    builder.Services.AddSingleton(signals);
    builder.AddNetPilot();

    var app = builder.Build();
    started = app.Lifetime.ApplicationStarted;
    if (await app.RunAsync(arguments, Console.Out, signals.First) is { } exitCode)
    {
        return exitCode;
    }

    app.ValidateSettings();
    app.TellVersion();
    await app.PrepareDatabaseAsync(signals.First);
    app.UseNetPilot();
    using var stop = signals.First.Register(app.Lifetime.StopApplication);
    await app.RunToEndAsync();
    return 0;
}
catch (OperationCanceledException) when (signals.First.IsCancellationRequested && !started.IsCancellationRequested)
{
    await Console.Error.WriteLineAsync("NetPilot was asked to stop before it had started.");
    return StartupFailure.Stopped;
}
catch (Exception exception) when (StartupFailure.SentenceFor(exception) is { } sentence)
{
    await Console.Error.WriteLineAsync($"NetPilot did not start: {sentence}");
    return 1;
}

/// <summary>Named so that tests can start the server.</summary>
public partial class Program;
