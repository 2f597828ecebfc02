namespace NetPilot.Devices.Features;

/// <summary>What is known of devices besides their own rows, from this module and from those above, in one round trip.</summary>
internal sealed class DeviceDetails(NpgsqlDataSource database, IRouterOwnership ownership, IBlockedDevices blocks, IDevicePeople people)
{
    /// <summary>The blocked devices of a router.</summary>
    public Task<BlockedAddresses> BlockedAsync(Guid userId, string routerId, CancellationToken cancellationToken) =>
        blocks.OfRouterAsync(userId, routerId, cancellationToken);

    /// <summary>The answer for a device.</summary>
    public async Task<DeviceResponse> AnswerAsync(UserDevice device, CancellationToken cancellationToken) =>
        DeviceResponse.Of(device, await OfAsync([device], cancellationToken));

    /// <summary>What is known of these devices of one router.</summary>
    public async Task<KnownDetails> OfAsync(IReadOnlyCollection<UserDevice> devices, CancellationToken cancellationToken) =>
        (await ReadAsync(null, devices, cancellationToken)).Details;

    /// <summary>The same, in the round trip that asks whether the router is still this owner's. Null if it is not.</summary>
    public async Task<KnownDetails?> OfOwnedAsync(
        OwnedRouter router,
        IReadOnlyCollection<UserDevice> devices,
        CancellationToken cancellationToken
    )
    {
        var (isOwned, details) = await ReadAsync(router, devices, cancellationToken);
        return isOwned ? details : null;
    }

    private async Task<(bool IsOwned, KnownDetails Details)> ReadAsync(
        OwnedRouter? router,
        IReadOnlyCollection<UserDevice> devices,
        CancellationToken cancellationToken
    )
    {
        var isOwned = router is null;
        var details = KnownDetails.None;
        var reads = new List<Func<NpgsqlDataReader, Task>>();
        await using var batch = database.CreateBatch();
        if (router is not null)
        {
            Ask(
                ownership.IsStillOwned(router),
                async result => isOwned = await result.ReadAsync(cancellationToken) && result.GetBoolean(0)
            );
        }

        if (devices.FirstOrDefault() is { UserId: var userId, RouterId: var routerId })
        {
            PhysicalAddress[] macs = [.. devices.Select(device => device.Mac).OfType<PhysicalAddress>()];
            Ask(
                blocks.Among(userId, routerId, macs, [.. devices.Select(device => device.Ip)]),
                async result => details = details with { Blocked = new(await blocks.ReadAsync(result, cancellationToken)) }
            );
            Ask(
                people.Among(userId, routerId, [.. devices.Select(device => device.Id)]),
                async result => details = details with { People = await people.ReadAsync(result, cancellationToken) }
            );

            // Where no device of the page has a private address, none can have a likely one.
            if (devices.Where(device => device.HasPrivateAddress).Select(device => device.Id).ToArray() is { Length: > 0 } ids)
            {
                Ask(
                    FindLikelySame.Of(userId, routerId, ids),
                    async result => details = details with { Lookalikes = await FindLikelySame.ReadAsync(result, cancellationToken) }
                );
            }
        }

        if (reads.Count > 0)
        {
            await using var result = await batch.ExecuteReaderAsync(cancellationToken);
            await reads[0](result);
            foreach (var read in reads.Skip(1))
            {
                await result.NextAsync(cancellationToken);
                await read(result);
            }
        }

        return (isOwned, details);

        void Ask(DbBatchCommand statement, Func<NpgsqlDataReader, Task> read)
        {
            batch.BatchCommands.Add((NpgsqlBatchCommand)statement);
            reads.Add(read);
        }
    }
}

/// <summary>What is known of some devices of a router.</summary>
/// <param name="Blocked">Which of them are blocked.</param>
/// <param name="People">The person of each device that has one.</param>
/// <param name="Lookalikes">The devices that each one is likely to be, the likeliest first.</param>
internal sealed record KnownDetails(BlockedSet Blocked, IReadOnlyDictionary<Guid, Guid> People, ILookup<Guid, Guid> Lookalikes)
{
    public static KnownDetails None { get; } =
        new(new BlockedSet(BlockedAddresses.None), new Dictionary<Guid, Guid>(), Array.Empty<Guid>().ToLookup(device => device));
}
