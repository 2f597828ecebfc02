using System.Security.Cryptography;
using NetPilot.DevStack.Simulator;

namespace NetPilot.Testing;

/// <summary>Settings that let a suite run fast and alone: no rate limits, workers that look often, cheap password hashes, no delay at the end.</summary>
public static class TestSettings
{
    public const string MetricsToken = "metrics-of-the-tests";

    public static Dictionary<string, string?> For(string connectionString, CommandsServerSimulator commands) =>
        new()
        {
            ["ConnectionStrings:NetPilot"] = connectionString,
            ["CommandsServer:BaseUrl"] = commands.BaseUrl.ToString(),
            ["CommandsServer:Dialect"] = commands.Options.Dialect.ToString(),
            // A busy machine takes more than the default, and the simulator always listens.
            ["CommandsServer:Timeouts:Connect"] = "00:00:30",
            ["Auth:SigningKeys:0:Id"] = "test",
            ["Auth:SigningKeys:0:Key"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["Auth:Argon2:MemoryKiB"] = "8192",
            ["Auth:Argon2:Passes"] = "1",
            // Beside other work a hash of low priority takes seconds.
            ["Auth:Argon2:Niceness"] = "0",
            ["RateLimits:Enabled"] = "false",
            ["Metrics:Token"] = MetricsToken,
            ["Sessions:SweepInterval"] = "00:00:00.250",
            ["Blacklist:SettleInterval"] = "00:00:00.250",
            ["Blacklist:ExpiryInterval"] = "00:00:00.250",
            // The first check of a router comes at a random time within the interval. Tests that want one make it due.
            ["Blacklist:DriftCheckInterval"] = "1.00:00:00",
            ["People:ScheduleInterval"] = "00:00:00.250",
            ["Shutdown:DrainDelay"] = "00:00:00",
            ["Serilog:MinimumLevel:Default"] = "Debug",
            ["Serilog:ConsoleLevel"] = "Fatal",
        };
}
