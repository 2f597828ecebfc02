namespace NetPilot.Identity.Data.Entities;

/// <summary>A login, or the server's own maintenance session (no user). Each write is one statement, which is atomic against the others.</summary>
internal sealed class Session
{
    /// <summary>The public id, the token's <c>sid</c>.</summary>
    public Guid Id { get; private init; }

    /// <summary>The id on the Commands-Server, which is a credential.</summary>
    public Guid CommandsSessionId { get; private init; }

    public CommandsState CommandsState { get; private init; }

    /// <summary>The router that the session was last started for (deployed dialect).</summary>
    public string? CommandsRouterId { get; private init; }

    /// <summary>The time until which a start with an unknown outcome may take effect; null if there is none.</summary>
    public DateTimeOffset? StartUntil { get; private init; }

    /// <summary>The end of a delivery's lease or of a backoff.</summary>
    public DateTimeOffset? EndDueAt { get; private init; }

    public int EndAttempts { get; private init; }

    public Guid? UserId { get; private init; }

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset LastUsedAt { get; private init; }

    public DateTimeOffset ExpiresAt { get; private init; }

    public DateTimeOffset? EndedAt { get; private init; }

    public SessionEndReason? EndReason { get; private init; }

    public string? UserAgent { get; private init; }

    public IPAddress? IpAddress { get; private init; }

    /// <summary>The session of a login. The statement that stores it adds the user.</summary>
    public static Session Open(
        Guid id,
        SessionStart start,
        DateTimeOffset now,
        DateTimeOffset expiresAt,
        string? userAgent,
        IPAddress? address
    ) =>
        new()
        {
            Id = id,
            CommandsSessionId = start.CommandsSessionId,
            CommandsState = start.Until is null ? CommandsState.None : CommandsState.Starting,
            CommandsRouterId = start.RouterId,
            StartUntil = start.Until,
            CreatedAt = now,
            LastUsedAt = now,
            ExpiresAt = expiresAt,
            UserAgent = userAgent,
            IpAddress = address,
        };
}

internal enum CommandsState
{
    None,
    Starting,
    Ready,
    Unavailable,
    Ending,
    Ended,
}

internal enum SessionEndReason
{
    Logout,
    Revoked,
    Expired,
    PasswordChanged,
    Disabled,
    Deleted,
    TokenReuse,
    TooMany,
}

// The migration makes the unique index for one live maintenance session, because EF supports no index over a constant.
internal sealed class SessionConfiguration : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> builder)
    {
        builder.ToTable(
            "sessions",
            table =>
            {
                table.HasCheckConstraint("ck_sessions_commands_state", SnakeCase.Check<CommandsState>("commands_state"));
                table.HasCheckConstraint("ck_sessions_end_reason", SnakeCase.Check<SessionEndReason>("end_reason"));
                // An operator who ends a session in the database sets ended_at alone. The sweeper sets the rest.
                table.HasCheckConstraint("ck_sessions_ended", "ended_at IS NOT NULL OR end_reason IS NULL");
                table.HasCheckConstraint("ck_sessions_ended_state", "ended_at IS NOT NULL OR commands_state NOT IN ('ending', 'ended')");
                table.HasCheckConstraint("ck_sessions_end_due", "(end_due_at IS NOT NULL) = (commands_state = 'ending')");
            }
        );
        builder.Property(session => session.Id).ValueGeneratedNever();
        builder.Property(session => session.EndAttempts).HasDefaultValue(0);
        builder.Property(session => session.CommandsRouterId).HasMaxLength(128);
        builder.Property(session => session.UserAgent).HasMaxLength(255);
        builder.HasIndex(session => session.CommandsSessionId).IsUnique();
        // The row of an ended session outlives the user.
        builder.HasOne<User>().WithMany().HasForeignKey(session => session.UserId).OnDelete(DeleteBehavior.SetNull);
        builder.HasIndex("UserId", "CreatedAt", "Id").IsDescending(false, true, true);
        builder.HasIndex(session => session.EndDueAt).HasFilter("commands_state = 'ending'");
        builder.HasIndex(session => session.ExpiresAt).HasFilter("ended_at IS NULL");
        builder.HasIndex(session => session.StartUntil).HasFilter("commands_state = 'starting'");
        // Sessions that were ended by hand. The index is almost empty.
        builder.HasIndex(session => session.Id).HasFilter("ended_at IS NOT NULL AND commands_state NOT IN ('ending', 'ended')");
        builder.HasIndex(session => session.EndedAt).HasFilter("ended_at IS NOT NULL AND commands_state <> 'ending'");
    }
}
