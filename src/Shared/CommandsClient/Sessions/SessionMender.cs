namespace NetPilot.CommandsClient.Sessions;

/// <summary>
/// Brings back a session that the Commands-Server lost, if it lives here: asks its owner, starts it, and tells its owner. However many
/// commands were refused, it happens once, and for all of them: none of them can take it away from the others.
/// </summary>
internal sealed class SessionMender(
    SessionStarter starter,
    StartedSessions started,
    IServiceProvider services,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
)
{
    private readonly SingleFlight<Guid, Mending> _flights = new();
    private readonly bool _startNamesRouter = options.Value.Dialect is CommandsDialect.Deployed;

    // Resolved when first needed: whoever owns the sessions calls the Commands-Server as well.
    private readonly Lazy<ICommandsSessionAuthority> _authority = new(services.GetRequiredService<ICommandsSessionAuthority>);

    /// <summary>Why the session cannot be used; null when it can, and the command is to be repeated.</summary>
    /// <param name="call">The command that was refused.</param>
    /// <param name="sentAt">When that command was sent: a start since then has mended it already.</param>
    /// <param name="budget">The time that the command has left.</param>
    public async Task<CommandsFailure?> MendAsync(CommandsCall call, long sentAt, Budget budget)
    {
        try
        {
            return await MendAsync(call, sentAt, budget.Token).WaitAsync(budget.Token);
        }
        catch (OperationCanceledException) when (budget.Token.IsCancellationRequested)
        {
            return FailureMap.TimedOutUnsent;
        }
    }

    /// <summary>
    /// A command of a session failed that this replica did not start. If the outcome of its start is unknown, the next command mends it first: the
    /// remains of a start that failed fail every command, and never say that the session is invalid.
    /// </summary>
    public async Task LearnAsync(Guid sessionId, CallOutcome answer, Budget budget)
    {
        if (
            !_startNamesRouter
            || started.Knows(sessionId)
            || answer is not CallOutcome.Envelope { Success: false, IsSessionInvalid: false }
        )
        {
            return;
        }

        try
        {
            if (await _authority.Value.IsStartInDoubtAsync(sessionId, budget.Token))
            {
                started.Doubt(sessionId);
            }
            else
            {
                started.Believe(sessionId);
            }
        }
        catch (Exception)
        {
            // The command's own outcome is what counts; the next one that fails asks again.
        }
    }

    private async Task<CommandsFailure?> MendAsync(CommandsCall call, long sentAt, CancellationToken cancellationToken)
    {
        var (sessionId, routerId) = (call.SessionId!.Value, call.RouterId);
        while (true)
        {
            // The start sets up the router that it names, which may be another user's by now: the refusal was waited for, or another's start.
            if (_startNamesRouter && call.Objection is { } ask && await ask(cancellationToken) is { } objection)
            {
                return objection;
            }

            var mending = await _flights.RunAsync(sessionId, () => FlyAsync(sessionId, routerId, sentAt));
            if (mending.Failure is null or { Kind: CommandsFailureKind.SessionEnded } || mending.RouterId == routerId || !_startNamesRouter)
            {
                return mending.Failure is null ? null : OfCommand(mending.Failure);
            }
        }
    }

    /// <summary>Whatever became of the start, the command itself was refused.</summary>
    private CommandsFailure OfCommand(CommandsFailure ofStart) =>
        ofStart.Kind switch
        {
            CommandsFailureKind.CommandTimeout => ofStart with
            {
                Effect = CommandEffect.NotDone,
                Detail = FailureMap.TimedOutUnsent.Detail,
            },
            // A start that names no router says of none why it was refused.
            CommandsFailureKind.CommandFailed
            or CommandsFailureKind.ProtocolError
            or CommandsFailureKind.RouterUnreachable when !_startNamesRouter => FailureMap.SessionNotKept with
            {
                UpstreamCode = ofStart.UpstreamCode,
            },
            _ => ofStart with { Effect = CommandEffect.NotDone },
        };

    private async Task<Mending> FlyAsync(Guid sessionId, string? routerId, long sentAt)
    {
        if (started.SucceededSince(sessionId, sentAt))
        {
            return new Mending(routerId, null);
        }

        using var budget = new Budget(options.Value.Timeouts.Session, time);
        SessionStartNote? note;
        try
        {
            note = await _authority.Value.NoteStartAsync(sessionId, routerId, budget.Token);
        }
        catch (OperationCanceledException) when (budget.Token.IsCancellationRequested)
        {
            return new Mending(routerId, FailureMap.TimedOutUnsent);
        }

        if (note is null)
        {
            return new Mending(routerId, FailureMap.SessionEnded);
        }

        var start = await starter.StartAsync(sessionId, routerId);
        if (!start.IsSuccess)
        {
            return new Mending(routerId, start.Failure);
        }

        // Not cancellable: a session that was started must not stay unknown to its owner.
        var lives = await _authority.Value.RecordStartedAsync(sessionId, routerId, note, CancellationToken.None);
        return new Mending(routerId, lives ? null : FailureMap.SessionEnded);
    }

    private readonly record struct Mending(string? RouterId, CommandsFailure? Failure);
}
