// Upserts in a batch: a scan is one round trip where every device has a MAC, and else two and a commit, whatever the number of devices.
using NetPilot.Devices.Features.ScanDevices;
using NetPilot.Devices.Vendors;
using NpgsqlTypes;

namespace NetPilot.Devices.Data.Statements;

/// <summary>What a scan stored.</summary>
/// <param name="Devices">The devices that it found, in no order.</param>
/// <param name="Added">How many of them were not stored before.</param>
/// <param name="HasMerged">Whether rows turned out to be of one device.</param>
internal sealed record StoredScan(IReadOnlyList<UserDevice> Devices, int Added, bool HasMerged);

/// <summary>
/// Stores a scan. A fact is as old as the request for its scan: if two scans overlap, the one that was requested later wins, in whatever
/// order they are stored. All writers of several devices of a router lock its row in <c>router_scans</c> first, which prevents deadlocks.
/// </summary>
internal sealed class StoreScan(NpgsqlDataSource database, DependentsOfDevices dependents, TimeProvider time)
{
    public Task<StoredScan> RunAsync(
        OwnedRouter router,
        ScanFindings findings,
        DateTimeOffset scannedAt,
        CancellationToken cancellationToken
    )
    {
        var scan = new ScanValues(router, findings, scannedAt, time);
        return DatabaseRetry.RunAsync(
            async token => await StoreNamedAsync(scan, token) ?? await StoreWithNamelessAsync(scan, token),
            cancellationToken
        );
    }

    /// <summary>
    /// As a rule the router knows each device's MAC. The statements about devices without one are the dearest, and this leaves them out. Null,
    /// and nothing is stored, if there are such devices.
    /// </summary>
    private async Task<StoredScan?> StoreNamedAsync(ScanValues scan, CancellationToken cancellationToken)
    {
        if (scan.HasNameless)
        {
            return null;
        }

        await using var batch = database.CreateBatch();
        Begin(batch, scan);
        Add(batch, ScanSteps.UpdateNamed, scan.Devices);
        Add(batch, ScanSteps.InsertNamed, scan.Devices);
        Add(batch, ScanSteps.MarkNamedAbsent, scan.Router);
        Add(batch, ScanSteps.AreAllNamed, scan.Router[..2]);
        var results = await ReadAsync(batch, scan, cancellationToken);
        if (!results.AreAllNamed)
        {
            return null;
        }

        if (results.Devices.Count < scan.Count)
        {
            await using var again = database.CreateBatch();
            results = await FindAsync(again, scan, cancellationToken);
        }

        return scan.Stored(results.Devices, hasMerged: false);
    }

    private async Task<StoredScan> StoreWithNamelessAsync(ScanValues scan, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection, transaction);
        Begin(batch, scan);
        Add(batch, ScanSteps.GiveMacs, scan.Pairs);
        Add(batch, ScanSteps.UpdateByMac, scan.Devices);
        Add(batch, ScanSteps.InsertByMac, scan.Devices);
        Add(batch, MergeNameless.ByMac, scan.Pairs);
        if (scan.HasNameless)
        {
            Add(batch, ScanSteps.UpdateByAddress, scan.Devices);
            Add(batch, ScanSteps.InsertByAddress, scan.Devices);
            Add(batch, MergeNameless.ByAddress, scan.Devices);
        }

        Add(batch, ScanSteps.MarkAbsent, scan.Router);
        var (devices, merges, _) = await ReadAsync(batch, scan, cancellationToken);
        if (merges.Count > 0 || devices.Count < scan.Count)
        {
            await using var again = new NpgsqlBatch(connection, transaction);
            (devices, _, _) = await FindAsync(again, scan, cancellationToken);
        }

        if (merges.Count > 0)
        {
            await dependents.MergeAsync(merges, transaction, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return scan.Stored(devices, merges.Count > 0);
    }

    private static void Begin(NpgsqlBatch batch, ScanValues scan)
    {
        Add(batch, ScanSteps.LockRouter, scan.Believed);
        Add(batch, ScanSteps.CompareByHash, []);
        Add(batch, ScanSteps.CorrectFuture, scan.Believed);
    }

    /// <summary>Reads what the statements that wrote did not give: rows were merged, or a scan that was requested later has seen these devices.</summary>
    private static Task<Results> FindAsync(NpgsqlBatch batch, ScanValues scan, CancellationToken cancellationToken)
    {
        Add(batch, ScanSteps.FoundByMac, [.. scan.Router[..2], scan.Macs]);
        if (scan.HasNameless)
        {
            Add(batch, ScanSteps.FoundByAddress, scan.Devices);
        }

        return ReadAsync(batch, scan, cancellationToken);
    }

    private static async Task<Results> ReadAsync(NpgsqlBatch batch, ScanValues scan, CancellationToken cancellationToken)
    {
        var results = new Results([], [], false);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        do
        {
            if (MergeNameless.IsResult(reader))
            {
                results.Merges.AddRange(
                    await reader.ReadAllAsync(row => MergeNameless.Read(scan.UserId, scan.RouterId, row), cancellationToken)
                );
            }
            else if (reader.FieldCount == 1)
            {
                results = results with { AreAllNamed = (await reader.ReadAllAsync(row => row.GetBoolean(0), cancellationToken)).Single() };
            }
            else
            {
                foreach (var device in await reader.ReadAllAsync(UserDevice.Read, cancellationToken))
                {
                    results.Devices[device.Id] = device;
                }
            }
        } while (await reader.NextResultAsync(cancellationToken));

        return results;
    }

    // Npgsql cannot infer the type of an array with null elements.
    private static void Add(NpgsqlBatch batch, string sql, object[] values) =>
        batch.With(
            sql,
            [
                .. values.Select(value =>
                    value switch
                    {
                        PhysicalAddress?[] => new NpgsqlParameter
                        {
                            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.MacAddr,
                            Value = value,
                        },
                        string?[] => new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, Value = value },
                        IPAddress[] => new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Inet, Value = value },
                        _ => value,
                    }
                ),
            ]
        );

    private sealed record Results(Dictionary<Guid, UserDevice> Devices, List<DeviceMerge> Merges, bool AreAllNamed);

    /// <summary>The values of the parameters, by the names that <see cref="ScanSteps"/> gives them.</summary>
    private sealed class ScanValues(OwnedRouter router, ScanFindings findings, DateTimeOffset scannedAt, TimeProvider time)
    {
        private readonly Guid[] ids = [.. findings.Devices.Select(_ => time.NewId())];

        public Guid UserId => router.UserId;

        public string RouterId => router.RouterId;

        public int Count => findings.Devices.Count;

        public bool HasNameless { get; } = findings.Devices.Any(device => device.Mac is null);

        public object[] Router => [router.UserId, router.RouterId, scannedAt];

        public object[] Believed => [.. Router, time.UtcNow() + DatabaseClock.ToleratedSkew];

        public PhysicalAddress[] Macs => [.. findings.Devices.Select(device => device.Mac).OfType<PhysicalAddress>()];

        public object[] Pairs => [.. Router, Each(findings.Sightings, pair => pair.Address), Each(findings.Sightings, pair => pair.Mac)];

        public object[] Devices =>
            [
                .. Router,
                ids,
                Each(findings.Devices, device => device.Address),
                Each(findings.Devices, device => device.Mac),
                Each(findings.Devices, device => device.Hostname),
                Each(findings.Devices, device => device.Vendor),
                Each(findings.Devices, device => device.Mac is { } mac ? VendorRegistry.MakerOf(mac) : null),
            ];

        public StoredScan Stored(Dictionary<Guid, UserDevice> devices, bool hasMerged) =>
            new([.. devices.Values], ids.Count(devices.ContainsKey), hasMerged);

        private static TValue[] Each<T, TValue>(IReadOnlyList<T> items, Func<T, TValue> value) => [.. items.Select(value)];
    }
}
