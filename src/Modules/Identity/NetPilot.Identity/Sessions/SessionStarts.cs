using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Data;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Sessions;

/// <summary>Starts sessions on the Commands-Server for those who log in.</summary>
internal sealed class SessionStarts(
    NpgsqlDataSource database,
    ICommandsClient client,
    ICommandsSessionAuthority authority,
    IEnumerable<IRecentRouter> recentRouters,
    BackgroundCalls background,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
)
{
    /// <summary>How the session of a login that happens now begins: with a start, or in the deployed dialect, where the user has no router to name, without.</summary>
    public async Task<SessionStart> PlanAsync(Guid userId, CancellationToken cancellationToken)
    {
        var router = options.Value.Dialect == CommandsDialect.Deployed ? await FindRouterAsync(userId, cancellationToken) : null;
        var begins = options.Value.Dialect == CommandsDialect.Plan || router is not null;
        return new SessionStart(CommandsSessionId.New(), router, begins ? time.UtcNow() + StartWindow(options.Value) : null);
    }

    /// <summary>Makes the start, waits for it as long as a login may, and says what is known then. The start itself goes on.</summary>
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
    /// Keeps a live session from idling out on the Commands-Server, without waiting for it. Where it is unknown there, it is started again;
    /// in the deployed dialect the first command does that, which knows a router that the user owns now.
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
            && await authority.IsLiveAsync(session.CommandsSessionId, null, CancellationToken.None)
            && (await client.StartSessionAsync(session.CommandsSessionId, null, CancellationToken.None)).IsSuccess
        )
        {
            await authority.RecordStartedAsync(session.CommandsSessionId, null, CancellationToken.None);
        }
    }

    /// <summary>
    /// How long a start may still take effect when nobody saw its outcome: the Commands-Server was seen to take a minute over a hung router.
    /// </summary>
    public static TimeSpan StartWindow(CommandsServerOptions options) =>
        options.Timeouts.Connect + options.Timeouts.Session + TimeSpan.FromMinutes(1);

    private async Task<CommandsState> CallAsync(SessionStart start)
    {
        var result = await client.StartSessionAsync(start.CommandsSessionId, start.RouterId, CancellationToken.None);
        if (result.IsSuccess)
        {
            await authority.RecordStartedAsync(start.CommandsSessionId, start.RouterId, CancellationToken.None);
            return CommandsState.Ready;
        }

        // Only a connection that was never made proves that the session is unknown there; a start that failed may have left it half made.
        var unknown = result.Failure is { Kind: CommandsFailureKind.Unavailable, Effect: CommandEffect.NotDone };
        await using var command = database.Command(
            """
            UPDATE identity.sessions SET
                commands_state = 'unavailable',
                start_until = CASE WHEN $3 THEN NULL ELSE start_until END
            WHERE commands_session_id = $1 AND commands_state = 'starting' AND start_until = $2
            """,
            start.CommandsSessionId,
            start.Until,
            unknown
        );
        await command.ExecuteNonQueryAsync();
        return CommandsState.Unavailable;
    }

    private async Task<string?> FindRouterAsync(Guid userId, CancellationToken cancellationToken)
    {
        foreach (var routers in recentRouters)
        {
            if (await routers.FindAsync(userId, cancellationToken) is { } router)
            {
                return router;
            }
        }

        return null;
    }
}

/// <summary>A session's start on the Commands-Server.</summary>
/// <param name="CommandsSessionId">The session's id there.</param>
/// <param name="RouterId">The router that the deployed dialect names.</param>
/// <param name="Until">Until when the start can take effect; null: none is made.</param>
internal sealed record SessionStart(Guid CommandsSessionId, string? RouterId, DateTimeOffset? Until)
{
    /// <summary>Says nothing: the id is a credential.</summary>
    public override string ToString() => nameof(SessionStart);
}

/// <summary>A session that lives here, and what the Commands-Server knows of it.</summary>
/// <param name="CommandsSessionId">Its id there.</param>
/// <param name="State">How far it got.</param>
/// <param name="RouterId">The router that it was started for last.</param>
internal sealed record LiveCommandsSession(Guid CommandsSessionId, CommandsState State, string? RouterId)
{
    /// <summary>Says nothing: the id is a credential.</summary>
    public override string ToString() => nameof(LiveCommandsSession);
}
