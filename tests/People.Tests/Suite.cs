using Microsoft.Extensions.DependencyInjection;
using NetPilot.Blacklist.Contracts;
using NetPilot.People.Integrations;
using NetPilot.Testing;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(NetPilot.People.Tests.PeopleServer))]

namespace NetPilot.People.Tests;

/// <summary>The server that all tests here share: looks often, and gives a command up soon enough to be tested.</summary>
public sealed class PeopleServer : NetPilotServer
{
    public static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(10);

    protected override void Configure(IDictionary<string, string?> settings)
    {
        settings["CommandsServer:Timeouts:Command"] = CommandTimeout.ToString();
        settings["CommandsServer:Timeouts:Scan"] = CommandTimeout.ToString();
        settings["CommandsServer:Timeouts:Total"] = "00:00:30";
        settings["Tiers:free:MaxBlocks"] = "4";
    }

    // What a test leaves due is not to be over because the machine is busy.
    protected override void ConfigureServices(IServiceCollection services) =>
        services.AddSingleton<IHoldSources>(provider => new DueSources(provider.GetRequiredService<NpgsqlDataSource>())
        {
            Patience = Eventually.Patience,
        });
}
