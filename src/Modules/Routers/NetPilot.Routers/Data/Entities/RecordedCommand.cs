namespace NetPilot.Routers.Data.Entities;

/// <summary>One command that was sent to a router, as the activity list shows it.</summary>
internal sealed class RecordedCommand
{
    public Guid Id { get; private set; }

    /// <summary>Who asked for it; null for the server's own maintenance.</summary>
    public Guid? UserId { get; private set; }

    /// <summary>Whose router it was, so that its next owner does not see what the last one did.</summary>
    public Guid OwnerId { get; private set; }

    public string RouterId { get; private set; } = null!;

    public RouterActivityKind Kind { get; private set; }

    public string? Target { get; private set; }

    public RouterActivityOutcome Outcome { get; private set; }

    public string? Code { get; private set; }

    public DateTimeOffset StartedAt { get; private set; }

    public int DurationMs { get; private set; }
}

internal sealed class RecordedCommandConfiguration : IEntityTypeConfiguration<RecordedCommand>
{
    public void Configure(EntityTypeBuilder<RecordedCommand> builder)
    {
        builder.ToTable(
            "router_commands",
            table =>
            {
                table.HasCheckConstraint("ck_router_commands_kind", SnakeCase.Check<RouterActivityKind>("kind"));
                table.HasCheckConstraint("ck_router_commands_outcome", SnakeCase.Check<RouterActivityOutcome>("outcome"));
            }
        );
        builder.Property(command => command.Kind).HasConversion(new SnakeCaseConverter<RouterActivityKind>());
        builder.Property(command => command.Outcome).HasConversion(new SnakeCaseConverter<RouterActivityOutcome>());
        builder.HasIndex("RouterId", "StartedAt", "Id").IsDescending(false, true, true);
        builder.HasIndex("RouterId", "Kind", "StartedAt", "Id").IsDescending(false, false, true, true);
        // For the purge.
        builder.HasIndex(command => command.StartedAt);
    }
}
