namespace NetPilot.CommandsClient.Sessions;

/// <summary>
/// Starts sessions, each once at a time however many ask. The deployed form keeps a session "active" whose start failed; it is ended and
/// started once more, and ended again when that fails too, so that no later start takes the remains for a session. A start that took longer
/// than its time leaves a session that works, which a look at the router's rules shows.
/// </summary>
internal sealed class SessionStarter(
    CommandsTransport transport,
    StartedSessions started,
    CommandsTelemetry telemetry,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
)
{
    private readonly SingleFlight<Guid, Flight> _flights = new();
    private readonly CommandsServerOptions _options = options.Value;

    public async Task<CommandsResult<Unit>> StartAsync(Guid sessionId, string? routerId)
    {
        while (true)
        {
            var flight = await _flights.RunAsync(sessionId, () => FlyAsync(sessionId, routerId));
            // In the deployed dialect another's start can fail for its router's sake, which says nothing about ours.
            if (flight.Result.IsSuccess || flight.RouterId == routerId || _options.Dialect is CommandsDialect.Plan)
            {
                return flight.Result;
            }
        }
    }

    private async Task<Flight> FlyAsync(Guid sessionId, string? routerId)
    {
        var call = new CommandsCall(CommandsOperation.StartSession, sessionId, routerId);
        var result = await telemetry.ObserveAsync(call, async () => await StartAsync(call, sessionId));
        return new Flight(routerId, result);
    }

    private async Task<CommandsResult<Unit>> StartAsync(CommandsCall call, Guid sessionId)
    {
        using var budget = new Budget(_options.Timeouts.Session, time);
        var answer = await transport.SendAsync(call, budget, CancellationToken.None);
        if (NeedsHealing(answer, sessionId) && !(IsActive(answer) && await WorksAsync(call, budget)))
        {
            await EndAsync(call, budget);
            answer = await transport.SendAsync(call, budget, CancellationToken.None);
            if (NeedsHealing(answer, sessionId))
            {
                await EndAsync(call, budget);
            }
        }

        var failure = IsActive(answer) ? null : FailureMap.Judge(answer, call, _options);
        if (failure is null)
        {
            started.Succeeded(sessionId);
            return CommandsResult<Unit>.Success(default);
        }

        if (failure.Effect is CommandEffect.Unknown)
        {
            started.Doubt(sessionId);
        }

        return CommandsResult<Unit>.Failed(failure);
    }

    private bool NeedsHealing(CallOutcome answer, Guid sessionId) =>
        _options.Dialect is CommandsDialect.Deployed
        && answer is CallOutcome.Envelope { Success: false } refusal
        && (refusal.IsSessionAlreadyActive ? started.IsDoubtful(sessionId) : refusal.Status is not (400 or 401 or 501));

    private async Task<bool> WorksAsync(CommandsCall start, Budget budget)
    {
        // Where nothing answers, there is time left to end the session and to start it.
        using var half = new Budget(budget.Remaining / 2, time);
        return await transport.SendAsync(start with { Operation = CommandsOperation.ListBlocked }, half, CancellationToken.None)
            is CallOutcome.Envelope { Success: true };
    }

    private static bool IsActive(CallOutcome answer) => answer is CallOutcome.Envelope { IsSessionAlreadyActive: true };

    // Its outcome changes nothing: what counts is the start that follows, now or the next time.
    private async Task EndAsync(CommandsCall start, Budget budget)
    {
        var ended = await transport.SendAsync(start with { Operation = CommandsOperation.EndSession }, budget, CancellationToken.None);
        if (
            ended
            is CallOutcome.Envelope { Success: true }
                or CallOutcome.Envelope { IsSessionInvalid: true }
                or CallOutcome.Envelope { Status: 404 }
        )
        {
            started.Forget(start.SessionId!.Value);
        }
        else
        {
            started.Doubt(start.SessionId!.Value);
        }
    }

    private readonly record struct Flight(string? RouterId, CommandsResult<Unit> Result);
}
