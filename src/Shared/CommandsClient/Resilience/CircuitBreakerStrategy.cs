using Polly;

namespace NetPilot.CommandsClient.Resilience;

/// <summary>Puts the circuits into the pipeline.</summary>
internal sealed class CircuitBreakerStrategy(Circuits circuits) : ResilienceStrategy<HttpResponseMessage>
{
    protected override async ValueTask<Outcome<HttpResponseMessage>> ExecuteCore<TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<HttpResponseMessage>>> callback,
        ResilienceContext context,
        TState state
    )
    {
        var exchange = CommandsExchange.Of(context.GetRequestMessage());
        if (!circuits.TryEnter(exchange.Operation, exchange.Router, out var passage, out var refusal))
        {
            exchange.Outcome = refusal;
            return Outcome.FromResult(new HttpResponseMessage(HttpStatusCode.NoContent));
        }

        try
        {
            return await callback(context, state);
        }
        finally
        {
            passage.Report(exchange.Outcome);
        }
    }
}

internal sealed class CircuitBreakerStrategyOptions : ResilienceStrategyOptions;
