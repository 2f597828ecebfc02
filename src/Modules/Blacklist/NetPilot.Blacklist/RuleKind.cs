namespace NetPilot.Blacklist;

/// <summary>The three kinds of rule: a block, and an entry of one of the two lists. One life, three tables, three sets of calls.</summary>
internal sealed class RuleKind
{
    public static readonly RuleKind Block = new()
    {
        Table = "user_blacklists",
        NoteColumn = "reason",
        Name = "block",
        What = "blocks",
        AddActivity = RouterActivityKind.Block,
        RemoveActivity = RouterActivityKind.Unblock,
        FollowsDevice = true,
        Rows = db => db.Blocks.AsNoTracking(),
        Add = (client, target, address) => client.BlockAsync(target, address, CancellationToken.None),
        Remove = (client, target, address) => client.UnblockAsync(target, address, CancellationToken.None),
        Ask = (client, target) => client.ListBlockedAsync(target, CancellationToken.None),
    };

    public static readonly RuleKind Limited = OfList(
        RouterList.Blacklist,
        "user_limited_devices",
        "blacklist",
        RouterActivityKind.BlacklistAdd,
        RouterActivityKind.BlacklistRemove,
        db => db.Limited
    );

    public static readonly RuleKind Exempt = OfList(
        RouterList.Whitelist,
        "user_whitelists",
        "whitelist",
        RouterActivityKind.WhitelistAdd,
        RouterActivityKind.WhitelistRemove,
        db => db.Exempt
    );

    public static readonly RuleKind[] All = [Block, Limited, Exempt];

    public required string Table { get; init; }
    public required string NoteColumn { get; init; }

    /// <summary>The kind's name in <c>rule_counts</c>, and in paths.</summary>
    public required string Name { get; init; }

    /// <summary>What the tier limits, in a sentence.</summary>
    public required string What { get; init; }

    public required RouterActivityKind AddActivity { get; init; }
    public required RouterActivityKind RemoveActivity { get; init; }

    /// <summary>
    /// Whether the router ties the rule to the device's MAC. Its two lists hold addresses, so an entry there is known by its address.
    /// </summary>
    public bool FollowsDevice { get; init; }

    /// <summary>The kind's rows.</summary>
    public required Func<BlacklistDbContext, IQueryable<Rule>> Rows { get; init; }

    /// <summary>The table with its schema, as a part of a statement.</summary>
    public SqlText Rules => SqlText.Raw($"{BlacklistDbContext.Schema}.{Table}");

    public required Func<ICommandsClient, CommandsTarget, IPAddress, Task<CommandsResult<BlockReceipt>>> Add { get; init; }
    public required Func<ICommandsClient, CommandsTarget, IPAddress, Task<CommandsResult<Unit>>> Remove { get; init; }
    public required Func<ICommandsClient, CommandsTarget, Task<CommandsResult<BlockedReport>>> Ask { get; init; }

    public override string ToString() => Name;

    private static RuleKind OfList<TRow>(
        RouterList list,
        string table,
        string name,
        RouterActivityKind add,
        RouterActivityKind remove,
        Func<BlacklistDbContext, DbSet<TRow>> rows
    )
        where TRow : Rule =>
        new()
        {
            Table = table,
            NoteColumn = "description",
            Name = name,
            What = $"entries of the {name}",
            AddActivity = add,
            RemoveActivity = remove,
            Rows = db => rows(db).AsNoTracking(),
            Add = async (client, target, address) =>
                (await client.AddToListAsync(target, list, address, CancellationToken.None)).Select(_ => new BlockReceipt(null)),
            Remove = (client, target, address) => client.RemoveFromListAsync(target, list, address, CancellationToken.None),
            Ask = (client, target) => client.GetListAsync(target, list, CancellationToken.None),
        };
}
