using System.Net;
using NetPilot.CommandsClient.Transport;
using Polly;

namespace NetPilot.CommandsClient.Resilience;

/// <summary>Puts the breaker into the pipeline.</summary>
internal sealed class CircuitBreakerStrategy(CircuitBreaker breaker) : ResilienceStrategy<HttpResponseMessage>
{
    protected override async ValueTask<Outcome<HttpResponseMessage>> ExecuteCore<TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<HttpResponseMessage>>> callback,
        ResilienceContext context,
        TState state
    )
    {
        var exchange = CommandsExchange.Of(context.GetRequestMessage());
        if (!breaker.TryEnter(out var ticket, out var retryAfter))
        {
            exchange.Answer = new Answer.CircuitOpen(retryAfter);
            return Outcome.FromResult(new HttpResponseMessage(HttpStatusCode.NoContent));
        }

        try
        {
            return await callback(context, state);
        }
        finally
        {
            switch (exchange.Answer)
            {
                case { IsServerFault: true }:
                    breaker.ReportFault(ticket);
                    break;
                case { IsAnswered: true }:
                    breaker.ReportSuccess(ticket);
                    break;
                default:
                    breaker.ReportNothing(ticket);
                    break;
            }
        }
    }
}

internal sealed class CircuitBreakerStrategyOptions : ResilienceStrategyOptions;
