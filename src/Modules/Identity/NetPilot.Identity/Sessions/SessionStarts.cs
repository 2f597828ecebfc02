namespace NetPilot.Identity.Sessions;

/// <summary>Starts sessions on the Commands-Server at login.</summary>
internal sealed class SessionStarts(
    IDbContextFactory<IdentityDbContext> contexts,
    ICommandsClient client,
    ICommandsSessionAuthority authority,
    IRecentRouter recentRouter,
    BackgroundCalls background,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
)
{
    /// <summary>Plans the start of a new session. The deployed dialect has none for a user without a router.</summary>
    public async Task<SessionStart> PlanAsync(Guid userId, CancellationToken cancellationToken)
    {
        var router = options.Value.Dialect == CommandsDialect.Deployed ? await recentRouter.FindAsync(userId, cancellationToken) : null;
        var begins = options.Value.Dialect == CommandsDialect.Plan || router is not null;
        return new SessionStart(CommandsSessionId.New(), router, begins ? time.UtcNow() + StartWindow(options.Value) : null);
    }

    /// <summary>Begins the start and waits for it as long as a login may. The start goes on after that.</summary>
    public async Task<CommandsState> BeginAsync(SessionStart start)
    {
        if (start.Until is null)
        {
            return CommandsState.None;
        }

        var outcome = CommandsState.Starting;
        var call = background.Begin(async _ => outcome = await CallAsync(start));
        try
        {
            await call.WaitAsync(options.Value.LoginStartBudget, time);
        }
        catch (TimeoutException)
        {
            return CommandsState.Starting;
        }

        return outcome;
    }

    /// <summary>
    /// Refreshes a live session on the Commands-Server in the background, so that it does not idle out there. A session that is unknown there
    /// is started again. In the deployed dialect the first command starts it, because it names a router that the user owns.
    /// </summary>
    public void KeepAlive(LiveCommandsSession session)
    {
        if (session.State is CommandsState.Ready or CommandsState.Unavailable)
        {
            background.Begin(_ => KeepAliveAsync(session));
        }
    }

    private async Task KeepAliveAsync(LiveCommandsSession session)
    {
        if (session.State == CommandsState.Ready)
        {
            var result = await client.RefreshSessionAsync(session.CommandsSessionId, session.RouterId, CancellationToken.None);
            if (result.Failure?.Kind != CommandsFailureKind.SessionEnded)
            {
                return;
            }
        }

        if (
            options.Value.Dialect == CommandsDialect.Plan
            && await authority.NoteStartAsync(session.CommandsSessionId, null, CancellationToken.None) is { } note
            && (await client.StartSessionAsync(session.CommandsSessionId, null, CancellationToken.None)).IsSuccess
        )
        {
            await authority.RecordStartedAsync(session.CommandsSessionId, null, note, CancellationToken.None);
        }
    }

    /// <summary>How long a start with an unknown outcome may still take effect. The Commands-Server was seen to take a minute for a hung router.</summary>
    public static TimeSpan StartWindow(CommandsServerOptions options) =>
        options.Timeouts.Connect + options.Timeouts.Session + TimeSpan.FromMinutes(1);

    private async Task<CommandsState> CallAsync(SessionStart start)
    {
        var result = await client.StartSessionAsync(start.CommandsSessionId, start.RouterId, CancellationToken.None);
        if (result.IsSuccess)
        {
            var note = new SessionStartNote(start.Until);
            await authority.RecordStartedAsync(start.CommandsSessionId, start.RouterId, note, CancellationToken.None);
            return CommandsState.Ready;
        }

        // Only a refused connection proves that the session is unknown there. A start that failed may have had an effect.
        var unknown = result.Failure is { Kind: CommandsFailureKind.Unavailable, Effect: CommandEffect.NotDone };
        await using var db = await contexts.CreateDbContextAsync();
        await db
            .Sessions.Where(session =>
                session.CommandsSessionId == start.CommandsSessionId
                && session.CommandsState == CommandsState.Starting
                && session.StartUntil == start.Until
            )
            .ExecuteUpdateAsync(set =>
                set.SetProperty(session => session.CommandsState, CommandsState.Unavailable)
                    .SetProperty(session => session.StartUntil, session => unknown ? null : session.StartUntil)
            );
        return CommandsState.Unavailable;
    }
}

/// <summary>A session's start on the Commands-Server.</summary>
/// <param name="RouterId">The router that the deployed dialect names.</param>
/// <param name="Until">The time until which the start can take effect; null: there is no start.</param>
internal sealed record SessionStart(Guid CommandsSessionId, string? RouterId, DateTimeOffset? Until)
{
    /// <summary>Hides the id, which is a credential.</summary>
    public override string ToString() => nameof(SessionStart);
}

/// <summary>A live session, as the Commands-Server knows it.</summary>
/// <param name="RouterId">The router that it was last started for.</param>
internal sealed record LiveCommandsSession(Guid CommandsSessionId, CommandsState State, string? RouterId)
{
    /// <summary>Hides the id, which is a credential.</summary>
    public override string ToString() => nameof(LiveCommandsSession);
}
