namespace NetPilot.Routers.Data.Entities;

/// <summary>The turn of a router: who holds it, until when, and how often it was granted.</summary>
internal sealed class RouterTurnRow
{
    public required string RouterId { get; init; }

    public long Fence { get; init; }

    /// <summary>Null while nobody holds the turn. Counted by PostgreSQL's clock, the one that all replicas share.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    public Guid LastReplica { get; init; }
}

/// <summary>A replica that waits for a router's turn; forgotten when it has not asked again for two seconds.</summary>
internal sealed class RouterTurnWaiter
{
    public required string RouterId { get; init; }

    public Guid Replica { get; init; }

    public DateTimeOffset Since { get; init; }

    public DateTimeOffset SeenAt { get; init; }
}

internal sealed class RouterTurnConfiguration : IEntityTypeConfiguration<RouterTurnRow>
{
    public void Configure(EntityTypeBuilder<RouterTurnRow> builder)
    {
        builder.ToTable("router_turns");
        builder.HasKey(turn => turn.RouterId);
    }
}

internal sealed class RouterTurnWaiterConfiguration : IEntityTypeConfiguration<RouterTurnWaiter>
{
    public void Configure(EntityTypeBuilder<RouterTurnWaiter> builder)
    {
        builder.ToTable("router_turn_waiters");
        builder.HasKey(waiter => new { waiter.RouterId, waiter.Replica });
    }
}
