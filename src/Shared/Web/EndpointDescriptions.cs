using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Metadata;

namespace NetPilot.Web;

/// <summary>
/// What an endpoint says of its answers in <c>Configure()</c>, for the OpenAPI document. Implied and not to be declared: 401, 429 and 500 on
/// every endpoint that needs a token; 400 everywhere; 413 and 415 wherever there is a body.
/// </summary>
/// <example><c>Description(b => b.Answers&lt;Block&gt;(201, 200).Refuses(403, 404).FailsDownstream())</c></example>
public static class EndpointDescriptions
{
    /// <summary>The endpoint answers with this body at each of these statuses.</summary>
    public static RouteHandlerBuilder Answers<TBody>(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses) =>
        endpoint.Declare(typeof(TBody), "application/json", statuses);

    /// <summary>The endpoint answers without a body at this status (204, 202).</summary>
    public static RouteHandlerBuilder AnswersEmpty(this RouteHandlerBuilder endpoint, int status) =>
        endpoint.WithMetadata(new DeclaredAnswer(status, typeof(void), []));

    /// <summary>The endpoint refuses, or fails, with problem details at each of these statuses.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses) =>
        endpoint.Declare(typeof(ProblemBody), "application/problem+json", statuses);

    /// <summary>The endpoint sends a command to a router, so everything of the table "Downstream failures" can come of it.</summary>
    public static RouteHandlerBuilder FailsDownstream(this RouteHandlerBuilder endpoint) => endpoint.Refuses(501, 502, 503, 504);

    /// <summary>The endpoint reads this request header itself; one that is bound by <c>[FromHeader]</c> is found without.</summary>
    public static RouteHandlerBuilder TakesHeader(this RouteHandlerBuilder endpoint, string name, string description) =>
        endpoint.WithMetadata(new DeclaredHeader(name, description));

    /// <summary>The endpoint takes <c>Idempotency-Key</c>.</summary>
    public static RouteHandlerBuilder TakesIdempotencyKey(this RouteHandlerBuilder endpoint) =>
        endpoint
            .TakesHeader(
                "Idempotency-Key",
                "1 to 128 visible ASCII characters. A repeat with the same key and body gets the first answer again for 24 hours."
            )
            .Refuses(409, 422);

    /// <summary>The endpoint takes <c>Prefer</c> (RFC 7240).</summary>
    public static RouteHandlerBuilder TakesPrefer(this RouteHandlerBuilder endpoint) =>
        endpoint.TakesHeader(
            "Prefer",
            "`wait=N` (0 to 60 seconds) or `respond-async`: 202 when it is not done by then; the server goes on by itself."
        );

    private static RouteHandlerBuilder Declare(this RouteHandlerBuilder endpoint, Type body, string contentType, ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            endpoint.WithMetadata(new DeclaredAnswer(status, body, [contentType]));
        }

        return endpoint;
    }
}

/// <summary>An answer that an endpoint declared, as opposed to what a framework guesses.</summary>
public sealed record DeclaredAnswer(int StatusCode, Type? Type, IEnumerable<string> ContentTypes) : IProducesResponseTypeMetadata;

/// <summary>A request header that an endpoint reads without binding it.</summary>
public sealed record DeclaredHeader(string Name, string Description);
