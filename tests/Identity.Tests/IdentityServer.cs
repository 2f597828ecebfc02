using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.DevStack.Mail;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Tests;
using NetPilot.Identity.Tests.Accounts;
using NetPilot.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(IdentityServer))]
// Some classes wait most of their time for leases and delays: more classes than there are cores can run at once.
[assembly: Xunit.v3.Parallelization(MaxThreads = 4)]

namespace NetPilot.Identity.Tests;

/// <summary>
/// The server with failed logins counted, mails caught, and a proxy's word believed, so that each test comes from addresses of its own.
/// </summary>
public sealed class IdentityServer : NetPilotServer
{
    /// <summary>What the server mails.</summary>
    public SmtpCatcher Mails { get; } = SmtpCatcher.StartAsync().GetAwaiter().GetResult();

    /// <summary>What the modules above Identity were told of deleted accounts.</summary>
    internal DeletionLog Deletions { get; } = new();

    protected override void Configure(IDictionary<string, string?> settings)
    {
        // Long enough for every HMAC, so that a forged algorithm fails for being another one.
        settings["Auth:SigningKeys:0:Key"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
        // A login of a test tells how its start ended, however slow the machine is.
        settings["CommandsServer:Timeouts:Session"] = "00:00:30";
        settings["CommandsServer:LoginStartBudget"] = "00:01:00";
        settings["RateLimits:Enabled"] = "true";
        settings["RateLimits:AuthPerMinute"] = "1000000";
        settings["RateLimits:RequestsPerMinute"] = "1000000";
        settings["ForwardedHeaders:KnownProxies:0"] = "127.0.0.1";
        settings["Mail:Smtp:Host"] = "127.0.0.1";
        settings["Mail:Smtp:Port"] = $"{Mails.Port}";
        settings["Mail:Smtp:UseTls"] = "false";
        settings["Mail:From"] = "NetPilot <noreply@example.test>";
        settings["Mail:ResetUrl"] = "https://app.example.test/reset";
    }

    protected override void ConfigureServices(IServiceCollection services)
    {
        services.AddScoped<IUserDependents>(_ => new LoggedDependents(Deletions, 2));
        services.AddScoped<IUserDependents>(_ => new LoggedDependents(Deletions, 1));
    }
}

/// <summary>What needs the server for itself: it is about all hashes, or about the mail server, or holds up everybody.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
