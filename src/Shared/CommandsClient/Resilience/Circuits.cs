namespace NetPilot.CommandsClient.Resilience;

/// <summary>
/// The circuit to the Commands-Server, and beside it one for each router that has had faults. A call passes both. A connection that did not
/// come about is the server's fault; a bare 5xx or a broken connection may be the router's, so it counts for the router's own circuit, and
/// for the server's once others show it too. The deployed form answers 500 without an envelope to the list calls of a router that is off: that
/// counts for the router's own alone. Session calls pass by the routers' own circuits: an end has to get through, and what fails them is seldom the
/// router.
/// </summary>
internal sealed class Circuits(IOptions<CommandsServerOptions> options, TimeProvider time, ILogger<CircuitBreaker> logger)
{
    private const int SweepAbove = 1024;

    private readonly ConcurrentDictionary<string, CircuitBreaker> _routers = new(StringComparer.Ordinal);

    public CircuitBreaker Server { get; } = new("the Commands-Server", options.Value.CircuitFaults, time, logger);

    /// <summary>Asks to make a call, whose outcome the passage takes.</summary>
    public bool TryEnter(
        CommandsOperation operation,
        string? router,
        [NotNullWhen(true)] out Passage? passage,
        [NotNullWhen(false)] out CallOutcome.CircuitOpen? refusal
    )
    {
        passage = null;
        var own = router is null || operation.IsSessionCall() ? null : _routers.GetValueOrDefault(router);
        var ownTicket = 0;
        if (own is not null && !own.TryEnter(null, out ownTicket, out var ownWait))
        {
            refusal = new CallOutcome.CircuitOpen(ownWait, OfRouter: true);
            return false;
        }

        if (!Server.TryEnter(router, out var ticket, out var wait))
        {
            own?.ReportNothing(ownTicket);
            refusal = new CallOutcome.CircuitOpen(wait, OfRouter: false);
            return false;
        }

        passage = new Passage(this, operation, router, ticket, own, ownTicket);
        refusal = null;
        return true;
    }

    private CircuitBreaker Of(string router)
    {
        _routers.Sweep(SweepAbove, circuit => circuit.IsIdle);
        return _routers.GetOrAdd(router, id => new CircuitBreaker($"router {id}", options.Value.CircuitFaults, time, logger));
    }

    private bool SaysNothingOfServer(CommandsOperation operation, CallOutcome fault) =>
        options.Value.Dialect is CommandsDialect.Deployed && operation.IsOfList() && fault is CallOutcome.NoEnvelope { Status: 500 };

    /// <summary>A call that was let through.</summary>
    internal sealed class Passage(
        Circuits circuits,
        CommandsOperation operation,
        string? router,
        int ticket,
        CircuitBreaker? own,
        int ownTicket
    )
    {
        public void Report(CallOutcome? answer)
        {
            switch (answer)
            {
                case CallOutcome.NotSent:
                    circuits.Server.ReportFault(ticket, router: null);
                    own?.ReportNothing(ownTicket);
                    break;
                case { IsFault: true }:
                    if (circuits.SaysNothingOfServer(operation, answer))
                    {
                        circuits.Server.ReportNothing(ticket);
                    }
                    else
                    {
                        circuits.Server.ReportFault(ticket, router);
                    }

                    if (router is not null && !operation.IsSessionCall())
                    {
                        (own ?? circuits.Of(router)).ReportFault(ownTicket, router: null);
                    }

                    break;
                case { IsAnswered: true }:
                    circuits.Server.ReportSuccess(ticket, router);
                    own?.ReportSuccess(ownTicket, router: null);
                    break;
                default:
                    circuits.Server.ReportNothing(ticket);
                    own?.ReportNothing(ownTicket);
                    break;
            }
        }
    }
}
