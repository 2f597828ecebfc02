using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Devices.Contracts;
using NetPilot.Devices.Tests;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(DevicesServer))]

namespace NetPilot.Devices.Tests;

/// <summary>The server that all tests here share: no scan takes too long for it.</summary>
public sealed class DevicesServer : NetPilotServer
{
    /// <summary>What was told of each router's devices.</summary>
    public LastSightings Sightings { get; } = new();

    /// <summary>What was told of devices that go.</summary>
    public LastDependents Dependents { get; } = new();

    protected override void Configure(IDictionary<string, string?> settings)
    {
        settings["CommandsServer:Timeouts:Command"] = "00:00:10";
        settings["CommandsServer:Timeouts:Scan"] = "00:01:00";
        settings["CommandsServer:Timeouts:Total"] = "00:02:00";
    }

    protected override void ConfigureServices(IServiceCollection services) =>
        services.AddSingleton<IDeviceSightings>(Sightings).AddSingleton<IDeviceDependents>(Dependents);
}

/// <summary>One more follower of devices, that keeps what it was told last about each router.</summary>
public sealed class LastSightings : IDeviceSightings
{
    private readonly ConcurrentDictionary<string, IReadOnlyList<DeviceSighting>> _told = new();

    public IEnumerable<(string Mac, string Ip)> Of(TestRouter router) =>
        _told
            .GetValueOrDefault(router.RouterId, [])
            .Select(pair =>
                (BitConverter.ToString(pair.Mac.GetAddressBytes()).Replace('-', ':').ToLowerInvariant(), pair.Address.ToString())
            );

    public Task DevicesSeenAsync(
        OwnedRouter router,
        IReadOnlyList<DeviceSighting> devices,
        bool byUser,
        CancellationToken cancellationToken
    )
    {
        _told[router.RouterId] = devices;
        return Task.CompletedTask;
    }
}

/// <summary>A module above Devices and Blacklist, that keeps nothing and remembers what it was told. It can fail in the transaction.</summary>
public sealed class LastDependents : IDeviceDependents
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<DeviceMerge>> _merges = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Guid>> _removals = new();
    private readonly ConcurrentDictionary<string, bool> _failing = new();
    private readonly ConcurrentDictionary<string, bool> _away = new();

    public DeviceMerge[] MergesOf(TestRouter router) => [.. _merges.GetValueOrDefault(router.RouterId, [])];

    public Guid[] RemovalsOf(TestRouter router) => [.. _removals.GetValueOrDefault(router.RouterId, [])];

    /// <summary>The next changes of the router's devices end in a crash, after everybody else has written.</summary>
    public void FailFor(TestRouter router, bool fails) => _failing[router.RouterId] = fails;

    public Task DeleteAsync(DeviceRemoval removal, DbTransaction transaction, CancellationToken cancellationToken)
    {
        Fail(removal.RouterId);
        _removals.GetOrAdd(removal.RouterId, _ => []).Enqueue(removal.Device.Id);
        return Task.CompletedTask;
    }

    public Task MergeAsync(DeviceMerge merge, DbTransaction transaction, CancellationToken cancellationToken)
    {
        Fail(merge.RouterId);
        _merges.GetOrAdd(merge.RouterId, _ => []).Enqueue(merge);
        return Task.CompletedTask;
    }

    /// <summary>PostgreSQL is away for who follows changes of the router's devices.</summary>
    public void LoseFollowersOf(TestRouter router) => _away[router.RouterId] = true;

    public Task FollowAsync(OwnedRouter router, CommandActor? actor, CancellationToken cancellationToken) =>
        _away.ContainsKey(router.RouterId)
            ? throw new NpgsqlException("Exception while reading from stream", new EndOfStreamException())
            : Task.CompletedTask;

    private void Fail(string routerId)
    {
        if (_failing.GetValueOrDefault(routerId))
        {
            throw new InvalidOperationException("A crash between the writes and the commit.");
        }
    }
}
