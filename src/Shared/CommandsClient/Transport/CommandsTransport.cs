using System.Runtime.ExceptionServices;
using Flurl.Http;

namespace NetPilot.CommandsClient.Transport;

/// <summary>Sends a call through the pipeline and brings back what came of it. The only place that knows Flurl.</summary>
internal sealed class CommandsTransport(IHttpClientFactory clients, CommandsRoutes routes, IOptions<CommandsServerOptions> options)
{
    private readonly CommandsDialect _dialect = options.Value.Dialect;

    public bool Supports(CommandsOperation operation) => routes.UrlOf(operation) is not null;

    /// <exception cref="OperationCanceledException">The caller gave up before the call was sent.</exception>
    public async Task<CallOutcome> SendAsync(CommandsCall call, Budget budget, CancellationToken callerToken)
    {
        callerToken.ThrowIfCancellationRequested();
        if (budget.Token.IsCancellationRequested)
        {
            return new CallOutcome.TimedOut(Sent: false);
        }

        var exchange = new CommandsExchange(call, call.NamedRouter(_dialect), ShareOf(call), budget);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(budget.Token);
        await using var givingUp = callerToken.UnsafeRegister(
            _ =>
            {
                if (exchange.TryGiveUp())
                {
                    end.Cancel();
                }
            },
            null
        );

        try
        {
            using var response = await SendAsync(call, exchange, end.Token);
        }
        catch (FlurlHttpException) when (exchange.Outcome is not null || end.IsCancellationRequested)
        {
            // Flurl's exception names the whole address, session id included: nothing of it may go further. What happened is on the exchange.
        }
        catch (FlurlHttpException e)
        {
            // Nor may it where nothing explains it.
            ExceptionDispatchInfo.Throw(e.InnerException ?? new InvalidOperationException($"{call} broke off."));
        }

        exchange.Unasked?.Throw();
        if (exchange.Outcome is { } answer)
        {
            return answer;
        }

        // Neither an answer nor a trace of sending: the call was still waiting for its router's share, or had no time from the beginning.
        callerToken.ThrowIfCancellationRequested();
        return exchange.WaitedForShare ? new CallOutcome.Busy() : new CallOutcome.TimedOut(Sent: false);
    }

    private async Task<IFlurlResponse> SendAsync(CommandsCall call, CommandsExchange exchange, CancellationToken cancellationToken)
    {
        var url =
            routes.UrlOf(call.Operation)
            ?? throw new InvalidOperationException($"The {_dialect} dialect has no path for {call.Operation}.");
        var parameters = call.Parameters(_dialect);
        using var client = new FlurlClient(clients.CreateClient(CommandsPipeline.ClientName));
        var request = client
            .Request(url)
            .AllowAnyHttpStatus()
            .WithSettings(settings =>
            {
                settings.Timeout = null;
                // A redirect would carry the session's id elsewhere.
                settings.Redirects.Enabled = false;
            })
            .BeforeCall(http => exchange.Accompany(http.HttpRequestMessage));
        if (!call.Operation.IsRead())
        {
            return await request.PostJsonAsync(parameters, cancellationToken: cancellationToken);
        }

        foreach (var (name, value) in parameters)
        {
            request.SetQueryParam(name, value);
        }

        // SocketsHttpHandler silently repeats a bodyless request several times when the connection ends without an answer. An empty body
        // leaves the decision to the pipeline, which repeats once.
        using var empty = new ByteArrayContent([]);
        return await request.SendAsync(HttpMethod.Get, empty, cancellationToken: cancellationToken);
    }

    // A session of the plan's dialect is set up without a router, so no router can hold it up. In the deployed one it is, but must not wait
    // for the router's commands: an end has to get through.
    private string? ShareOf(CommandsCall call) =>
        !call.Operation.IsSessionCall() || call.RouterId is null ? call.RouterId
        : _dialect is CommandsDialect.Deployed ? $"sessions of {call.RouterId}"
        : null;
}
