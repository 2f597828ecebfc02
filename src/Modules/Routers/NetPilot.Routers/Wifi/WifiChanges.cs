namespace NetPilot.Routers.Wifi;

/// <summary>
/// Changes to the Wi-Fi that the router can be asked about. Where a command's outcome is unknown, the router is asked until it shows the
/// change, or until the command's own time is over without it: then it surely did not happen, unless the router does not tell. Looks that fail are
/// repeated for as long again. The turn is held meanwhile, since the command may still be running, and the activity says what became of it in
/// the end. Nobody is asked once the turn, or the router, was lost. The user waits for the first look only.
/// </summary>
internal sealed partial class WifiChanges(
    IRouterOwnership ownership,
    IRouterTurns turns,
    ICommandsClient client,
    WifiSettlements settlements,
    IOptions<CommandsServerOptions> options,
    TimeProvider time,
    ILogger<WifiChanges> logger
)
{
    private static readonly TimeSpan RestBetweenLooks = TimeSpan.FromSeconds(1);

    /// <summary>The outcome; null when no turn came in time.</summary>
    /// <exception cref="Web.ProblemException">404 <c>router_not_found</c>.</exception>
    public async Task<CommandsResult<Unit>?> RunAsync(
        Caller caller,
        string routerId,
        WifiChange change,
        CancellationToken cancellationToken
    )
    {
        var timeouts = options.Value.Timeouts;
        var router = await ownership.GetAsync(caller, routerId, cancellationToken);
        var budget = new RequestBudget(time, timeouts);
        var turn = await turns.TakeAsync(router, timeouts.Command, budget.Patience, null, cancellationToken);
        if (turn is null)
        {
            await ownership.DemandStillOwnedAsync(router, cancellationToken);
            return null;
        }

        var attempt = new Attempt(change, router, caller, turn, time.UtcNow(), time.GetTimestamp());
        CommandsResult<Unit> result;
        try
        {
            result = await change.Send(client, turns.TargetOf(turn, caller.CommandsSessionId, budget.For(timeouts.Command)));
        }
        catch
        {
            await turns.ReleaseAsync(turn, []);
            throw;
        }

        if (result.Failure?.SentAt - attempt.StartedAt is { } sentAfter)
        {
            attempt = attempt with { SentAfter = sentAfter };
        }

        var isOpen = change.ShowsIn is not null && result.Failure?.Effect == CommandEffect.Unknown;
        if (isOpen)
        {
            (result, isOpen) = await LookAsync(attempt, result, budget.For(timeouts.Command));
        }

        if (isOpen)
        {
            _ = settlements.Begin(stopping => SettleAsync(attempt, result, stopping));
        }
        else
        {
            await ReleaseAsync(attempt, result);
        }

        return result;
    }

    private async Task SettleAsync(Attempt attempt, CommandsResult<Unit> unknown, CancellationToken stopping)
    {
        var result = unknown;
        try
        {
            bool isLast;
            bool isOpen;
            do
            {
                await Task.Delay(RestBetweenLooks, time, stopping);
                isLast = IsGivenUp(attempt);
                (result, isOpen) = await LookAsync(attempt, unknown, options.Value.Timeouts.Command);
            } while (isOpen && !isLast);
        }
        catch (OperationCanceledException)
        {
            // The server stops: the activity says what is known.
        }

        await ReleaseAsync(attempt, result);
    }

    /// <summary>
    /// One look at the router: done if it shows the change, not done if the command's time is over without it, else as unknown as before, and whether
    /// another look may tell more. One that fails, because PostgreSQL is away for instance, says nothing of the change.
    /// </summary>
    private async Task<(CommandsResult<Unit> Result, bool IsOpen)> LookAsync(
        Attempt attempt,
        CommandsResult<Unit> unknown,
        TimeSpan timeout
    )
    {
        try
        {
            return await AskAsync(attempt, unknown, timeout);
        }
        catch (Exception exception)
        {
            LogLookFailed(logger, attempt.Turn.RouterId, exception);
            return (unknown, true);
        }
    }

    private async Task<(CommandsResult<Unit> Result, bool IsOpen)> AskAsync(Attempt attempt, CommandsResult<Unit> unknown, TimeSpan timeout)
    {
        if (!await turns.RenewAsync(attempt.Turn, timeout, CancellationToken.None))
        {
            // A turn that was lost does not come back.
            return (unknown, false);
        }

        var isOver = IsOver(attempt);
        var target = turns.TargetOf(attempt.Turn, attempt.Caller.CommandsSessionId, timeout);
        var look = await client.GetWifiAsync(target, CancellationToken.None);
        if (!look.IsSuccess)
        {
            return (unknown, true);
        }

        return attempt.Change.ShowsIn!(look.Data) switch
        {
            true => (CommandsResult<Unit>.Success(default), false),
            false when isOver => (CommandsResult<Unit>.Failed(unknown.Failure! with { Effect = CommandEffect.NotDone }), false),
            false => (unknown, true),
            // A router that does not tell now will not tell in the next minute.
            null => (unknown, !isOver),
        };
    }

    private bool IsOver(Attempt attempt) => SinceSent(attempt) >= options.Value.Timeouts.Command;

    // The first look that the router answers after the command's time settles it. Those that fail are repeated for as long again.
    private bool IsGivenUp(Attempt attempt) => SinceSent(attempt) >= 2 * options.Value.Timeouts.Command;

    private TimeSpan SinceSent(Attempt attempt) => time.GetElapsedTime(attempt.Started) - attempt.SentAfter;

    private Task ReleaseAsync(Attempt attempt, CommandsResult<Unit> result)
    {
        var (change, router, caller, turn, startedAt, started) = attempt;
        var duration = time.GetElapsedTime(started);
        var entry = RouterActivity.Of(router, caller.UserId, change.Kind, change.Target, result, startedAt, duration);
        return turns.ReleaseAsync(turn, [entry]);
    }

    private sealed record Attempt(
        WifiChange Change,
        OwnedRouter Router,
        Caller Caller,
        RouterTurn Turn,
        DateTimeOffset StartedAt,
        long Started
    )
    {
        /// <summary>How long after its begin the command was sent.</summary>
        public TimeSpan SentAfter { get; init; }
    }

    [LoggerMessage(LogLevel.Warning, "A look at router {RouterId}, to find out what became of a Wi-Fi change, failed")]
    private static partial void LogLookFailed(ILogger logger, string routerId, Exception exception);
}

/// <summary>The Wi-Fi changes whose outcome is still being found out. A server that stops has each of them record what it knows.</summary>
internal sealed class WifiSettlements(ILogger<WifiSettlements> logger) : BackgroundWork(logger);

/// <summary>A change to the Wi-Fi.</summary>
/// <param name="Kind">What is asked.</param>
/// <param name="Target">The new name; null for all else, a password above all.</param>
/// <param name="Send">Makes the call.</param>
/// <param name="ShowsIn">
/// Whether the Wi-Fi's state shows that the change was made, or null if this router does not tell. Null where no state can show it.
/// </param>
internal sealed record WifiChange(
    RouterActivityKind Kind,
    string? Target,
    Func<ICommandsClient, CommandsTarget, Task<CommandsResult<Unit>>> Send,
    Func<WifiReport, bool?>? ShowsIn
)
{
    // A record would print what the delegates hold.
    public override string ToString() => $"{Kind}";
}
