using Microsoft.Extensions.Http.Resilience;
using Polly;

namespace NetPilot.CommandsClient.Resilience;

/// <summary>
/// The way of a request: circuits, the router's share, repetition, reading the answer, the socket (docs/decisions/0010). Outermost are
/// the circuits, so that an open one is told at once even where the router's share is used up, and so that they count calls, not attempts.
/// </summary>
internal static class CommandsPipeline
{
    public const string ClientName = "CommandsServer";

    private static readonly TimeSpan RepeatAfter = TimeSpan.FromMilliseconds(150);

    public static void AddCommandsHttpClient(this IServiceCollection services)
    {
        var client = services
            .AddHttpClient(ClientName)
            // Session ids travel in the query: HttpClient's own log lines would carry them.
            .RemoveAllLoggers()
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .ConfigureHttpClient(
                (provider, http) =>
                {
                    // Each operation brings its own budget.
                    http.Timeout = Timeout.InfiniteTimeSpan;
                    http.DefaultRequestHeaders.Accept.ParseAdd("application/json");
                    if (provider.GetRequiredService<IOptions<CommandsServerOptions>>().Value.ApiKey is { Length: > 0 } key)
                    {
                        http.DefaultRequestHeaders.Add("X-Api-Key", key);
                    }
                }
            )
            .ConfigurePrimaryHttpMessageHandler(CreateSocketsHandler);
        client.AddResilienceHandler("commands", Configure);
        client.AddHttpMessageHandler(() => new AnswerReader());
    }

    private static SocketsHttpHandler CreateSocketsHandler(IServiceProvider provider) =>
        new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            // A proxy would see session ids and Wi-Fi keys.
            UseProxy = false,
            ConnectTimeout = provider.GetRequiredService<IOptions<CommandsServerOptions>>().Value.Timeouts.Connect,
            // Without a propagator the handler makes no activity and raises no diagnostic event, so no trace can carry the query.
            ActivityHeadersPropagator = null,
            // What is over the limit is not read to its end.
            MaxResponseDrainSize = 0,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            // Shorter than the keep-alive of the usual Python servers (2 s and more): a POST that meets a connection which is just being
            // closed has an unknown outcome. The handler looks for idle connections once a second, and so keeps them for up to 1.5 s.
            PooledConnectionIdleTimeout = TimeSpan.FromMilliseconds(500),
        };

    private static void Configure(ResiliencePipelineBuilder<HttpResponseMessage> pipeline, ResilienceHandlerContext context)
    {
        var circuits = context.ServiceProvider.GetRequiredService<Circuits>();
        var bulkhead = context.ServiceProvider.GetRequiredService<RouterBulkhead>();

        // CommandsTelemetry and FailureLog say once what Polly would say at every attempt.
        pipeline.TelemetryListener = null;
        pipeline.TimeProvider = context.ServiceProvider.GetRequiredService<TimeProvider>();
        pipeline
            .AddStrategy(_ => new CircuitBreakerStrategy(circuits), new CircuitBreakerStrategyOptions { Name = "circuit" })
            .AddRateLimiter(
                new HttpRateLimiterStrategyOptions
                {
                    Name = "router",
                    RateLimiter = args =>
                    {
                        var exchange = CommandsExchange.Of(args.Context.GetRequestMessage());
                        var lease = bulkhead.EnterAsync(exchange.Share, args.Context.CancellationToken);
                        exchange.WaitedForShare = !lease.IsCompleted;
                        return lease;
                    },
                    OnRejected = args =>
                    {
                        CommandsExchange.Of(args.Context.GetRequestMessage()).Outcome = new CallOutcome.Busy();
                        return default;
                    },
                }
            )
            .AddRetry(
                new HttpRetryStrategyOptions
                {
                    Name = "repeat",
                    MaxRetryAttempts = 1,
                    Delay = RepeatAfter,
                    BackoffType = DelayBackoffType.Constant,
                    UseJitter = true,
                    ShouldHandle = args =>
                    {
                        var exchange = CommandsExchange.Of(args.Context.GetRequestMessage());
                        return ValueTask.FromResult(exchange.Outcome?.MayBeRepeated(exchange.Operation.IsRead()) is true);
                    },
                }
            );
    }
}
