using FastEndpoints;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Metadata;

namespace NetPilot.Web;

/// <summary>
/// What an endpoint says of its answers in <c>Configure()</c>, for the OpenAPI document. Implied and not to be declared are
/// <c>validation_failed</c>, <c>rate_limited</c>, <c>internal_error</c> and <c>database_unavailable</c> on every endpoint, <c>unauthorized</c>
/// where a token is needed, <c>forbidden</c> where a role is needed, <c>malformed_json</c>, <c>body_too_large</c> and
/// <c>unsupported_media_type</c> where there is a body, and <c>invalid_cursor</c> where there is a cursor.
/// </summary>
/// <example><c>this.Describe("Blocks", "Block a device", "…"); Description(b => b.Answers&lt;Block&gt;(201, 200).Refuses(ErrorCodes.RouterNotFound).FailsDownstream())</c></example>
public static class EndpointDescriptions
{
    /// <summary>What the document says of the endpoint: its section, a few words, some sentences, and what a status means where that isn't usual.</summary>
    public static void Describe(
        this BaseEndpoint endpoint,
        string section,
        string summary,
        string description,
        params (int Status, string Meaning)[] statuses
    )
    {
        endpoint.Definition.Tags(section);
        endpoint.Definition.Summary(s =>
        {
            s.Summary = summary;
            s.Description = description;
            foreach (var (status, meaning) in statuses)
            {
                s.Responses[status] = meaning;
            }
        });
    }

    /// <summary>The endpoint answers with this body at each of these statuses.</summary>
    public static RouteHandlerBuilder Answers<TBody>(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            endpoint.WithMetadata(new DeclaredAnswer(status, typeof(TBody), ["application/json"]));
        }

        return endpoint;
    }

    /// <summary>The endpoint answers without a body at this status (202, 204).</summary>
    public static RouteHandlerBuilder AnswersEmpty(this RouteHandlerBuilder endpoint, int status) =>
        endpoint.WithMetadata(new DeclaredAnswer(status, typeof(void), []));

    /// <summary>The answers of these statuses have a <c>Location</c>.</summary>
    public static RouteHandlerBuilder AnswersLocation(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            endpoint.WithMetadata(new DeclaredAnswerHeader(status, "Location", "The path of what the answer shows.", IsRequired: true));
        }

        return endpoint;
    }

    /// <summary>The endpoint refuses, or fails, with these codes.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params ReadOnlySpan<string> codes)
    {
        foreach (var code in codes)
        {
            endpoint.WithMetadata(new DeclaredRefusal(code));
        }

        return endpoint;
    }

    /// <summary>
    /// The endpoint sends a command to a router, so everything of the table "Downstream failures" can come of it. The router's turn may not come in
    /// time, and of the commands that need no turn only so many are sent to a router at once.
    /// </summary>
    public static RouteHandlerBuilder FailsDownstream(this RouteHandlerBuilder endpoint) =>
        endpoint.Refuses(
            ErrorCodes.NotSupported,
            ErrorCodes.CommandFailed,
            ErrorCodes.ProtocolError,
            ErrorCodes.RouterUnreachable,
            ErrorCodes.CommandsServerUnavailable,
            ErrorCodes.CommandTimeout,
            ErrorCodes.RouterBusy
        );

    /// <param name="endpoint">The endpoint.</param>
    /// <param name="answersAtLength">Whether its answers can be large, so that only so many of them are kept.</param>
    public static RouteHandlerBuilder TakesIdempotencyKey(this RouteHandlerBuilder endpoint, bool answersAtLength = false) =>
        endpoint
            .WithMetadata(
                new DeclaredHeader(
                    "Idempotency-Key",
                    "A name for this request. A repeat with the same key and body gets the first answer again for 24 hours.",
                    new ValueShape
                    {
                        MinLength = 1,
                        MaxLength = 128,
                        Pattern = "^[!-~]+$",
                    },
                    "block-2026-11-25-1"
                )
                {
                    AnswersAtLength = answersAtLength,
                }
            )
            .Refuses(ErrorCodes.RequestInFlight, ErrorCodes.IdempotencyKeyReused);

    /// <summary>The endpoint takes <c>Prefer</c> (RFC 7240).</summary>
    public static RouteHandlerBuilder TakesPrefer(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(
            new DeclaredHeader(
                "Prefer",
                "`wait=N` (0 to 60 seconds) or `respond-async`: the answer is 202 if the command is not done by then, and the server goes on by itself. Anything else is ignored.",
                new ValueShape(),
                "wait=10"
            ),
            new DeclaredAnswerHeader(StatusCode: null, "Preference-Applied", "The preference that was honoured.", IsRequired: false)
        );
}

/// <summary>An answer that an endpoint declared, as opposed to what a framework guesses.</summary>
public sealed record DeclaredAnswer(int StatusCode, Type? Type, IEnumerable<string> ContentTypes) : IProducesResponseTypeMetadata;

/// <summary>A header of an endpoint's answers with this status; of all its successes where there is none.</summary>
public sealed record DeclaredAnswerHeader(int? StatusCode, string Name, string Description, bool IsRequired);

/// <summary>A code that an endpoint refuses or fails with.</summary>
public sealed record DeclaredRefusal(string Code);

/// <summary>A request header that an endpoint reads without binding it.</summary>
public sealed record DeclaredHeader(string Name, string Description, ValueShape Shape, string Example)
{
    public bool AnswersAtLength { get; init; }
}

/// <summary>A request whose body may be left out: each of its fields may be absent.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class BodyIsOptionalAttribute : Attribute;

/// <summary>
/// The document shows a text as another type: an id that is bound as text because a malformed one is answered as an unknown one, or a value that
/// is formatted before it is answered.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ShownAsAttribute(Type type) : Attribute
{
    public Type Type => type;
}
