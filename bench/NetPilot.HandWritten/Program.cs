using NetPilot.HandWritten;

// What the benchmark compares NetPilot with, and the Commands-Server that both of them call. Neither knows anything of NetPilot's code.
switch (args)
{
    case ["server"]:
        await Server.RunAsync(
            Environment.GetEnvironmentVariable("HANDWRITTEN_DATABASE")!,
            Environment.GetEnvironmentVariable("HANDWRITTEN_KEY")!
        );
        return 0;
    case ["commands"]:
        await CommandsServer.RunAsync();
        return 0;
    default:
        await Console.Error.WriteLineAsync("Started by dev/bench: server or commands; ASPNETCORE_URLS says where.");
        return 2;
}
