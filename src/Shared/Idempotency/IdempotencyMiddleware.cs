using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using NetPilot.Web;

namespace NetPilot.Idempotency;

/// <summary>
/// Gives a repeated request the first one's answer, on endpoints that take <c>Idempotency-Key</c>. A refusal is an answer too, so that the key is
/// claimed before the request is validated.
/// </summary>
internal sealed partial class IdempotencyMiddleware(
    RequestDelegate next,
    IOptions<IdempotencyOptions> options,
    TimeProvider time,
    ILogger<IdempotencyMiddleware> logger
)
{
    private const string Header = "Idempotency-Key";

    // The longest path that an endpoint with a key takes is shorter. The path is part of an index, which refuses rows beyond a third of a page.
    // PostgreSQL refuses U+0000, too. What such a path names is not there.
    private const int MaxPathLength = 512;

    // More than the host takes, so that a body never goes to a temporary file: a container with a read-only file system has no place for one.
    private const int BufferSize = (64 * 1024) + 1;

    private static readonly TimeSpan NoRoomFor = TimeSpan.FromHours(1);

    // In place of a hash, for it is none.
    private static readonly byte[] TooLarge = new byte[SHA256.HashSizeInBytes];

    public async Task InvokeAsync(HttpContext context)
    {
        if (DeclaredKey(context) is not { } declared || !context.Request.Headers.TryGetValue(Header, out var values))
        {
            await next(context);
            return;
        }

        var key = ReadKey(values);
        var path = context.Request.Path.Value ?? "";
        if (path.Length > MaxPathLength || path.Contains('\0', StringComparison.Ordinal))
        {
            await next(context);
            return;
        }

        var store = context.RequestServices.GetRequiredService<IdempotencyStore>();
        var request = new RequestName(options.Value.UserOf(context), context.Request.Method, path, key);
        var (hash, refusal) = await HashBodyAsync(context);
        var lockedUntil = time.UtcNow() + options.Value.LockedFor;
        // A key that was claimed for a client that left would stay claimed though nothing runs.
        var (claim, answer) = await store.ClaimAsync(request, hash, declared.AnswersAtLength, lockedUntil, CancellationToken.None);
        switch (claim)
        {
            case KeyClaim.Reused:
                throw new ProblemException(
                    ErrorCodes.IdempotencyKeyReused,
                    "This Idempotency-Key was used for a request with another body."
                );
            case KeyClaim.InFlight:
                throw new ProblemException(ErrorCodes.RequestInFlight, "The first request with this Idempotency-Key is still running.");
            case KeyClaim.NoRoom:
                throw new ProblemException(
                    ErrorCodes.RateLimited,
                    "Too many large answers are kept under the Idempotency-Keys of this account; they are kept for a day.",
                    NoRoomFor
                );
            case KeyClaim.Answered:
                await ReplayAsync(context, answer!);
                return;
            default:
                await RunAsync(context, refusal, store, request, lockedUntil);
                return;
        }
    }

    private async Task RunAsync(
        HttpContext context,
        Problem? refusal,
        IdempotencyStore store,
        RequestName request,
        DateTimeOffset lockedUntil
    )
    {
        var client = context.Response.Body;
        var aborted = context.RequestAborted;
        using var captured = new MemoryStream();
        context.Response.Body = captured;
        // A command goes on when its client goes away. The key stays claimed meanwhile, and a repeat gets the answer.
        context.RequestAborted = CancellationToken.None;
        var kept = false;
        try
        {
            try
            {
                await (refusal is null ? next(context) : ProblemWriter.WriteAsync(context, refusal));
            }
            catch (Exception exception) when (!context.Response.HasStarted && RefusalOf(exception) is { } problem)
            {
                await ProblemWriter.WriteAsync(context, problem);
            }

            var response = context.Response;
            if (context.IsAnswerKept())
            {
                var answer = new KeptAnswer(
                    response.StatusCode,
                    response.ContentType,
                    response.Headers.Location,
                    response.Headers["Preference-Applied"],
                    captured.ToArray()
                );
                // What was done stays done; a repeat runs again once the key is free, and finds it done.
                kept = await TryAsync(() => store.KeepAsync(request, lockedUntil, answer, CancellationToken.None), request);
            }
        }
        finally
        {
            context.Response.Body = client;
            context.RequestAborted = aborted;
            if (!kept)
            {
                await TryAsync(() => store.FreeAsync(request, lockedUntil, CancellationToken.None), request);
            }
        }

        captured.Position = 0;
        await captured.CopyToAsync(client, aborted);
    }

    // Whatever else was thrown is for those who log failures.
    private Problem? RefusalOf(Exception exception) =>
        exception is ProblemException refusal ? refusal.Problem
        : options.Value.ProblemOf(exception) is { Status: >= 400 and < 500 } problem ? problem
        : null;

    private async Task<bool> TryAsync(Func<Task> write, RequestName request)
    {
        try
        {
            await write();
            return true;
        }
        catch (Exception exception) when (exception is NpgsqlException || DatabaseFailures.IsUnavailable(exception))
        {
            LogNotKept(logger, request.Method, new PathString(request.Path).ToUriComponent(), exception.Message);
            return false;
        }
    }

    private static async Task ReplayAsync(HttpContext context, KeptAnswer answer)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        if (answer.Location is not null)
        {
            response.Headers.Location = answer.Location;
        }

        if (answer.PreferenceApplied is not null)
        {
            response.Headers["Preference-Applied"] = answer.PreferenceApplied;
        }

        if (answer.Body.Length > 0)
        {
            response.ContentLength = answer.Body.Length;
            await response.Body.WriteAsync(answer.Body, context.RequestAborted);
        }
    }

    private static DeclaredHeader? DeclaredKey(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetOrderedMetadata<DeclaredHeader>().FirstOrDefault(header => header.Name == Header);

    private static string ReadKey(StringValues values) =>
        values is [{ Length: >= 1 and <= 128 } key] && key.All(letter => letter is > ' ' and <= '~')
            ? key
            : throw new ProblemException(Problem.Invalid(Header, "Must be 1 to 128 visible ASCII characters, given once."));

    /// <summary>
    /// The body's meaning rather than its bytes: spaces and the order of fields make no other request. Of a body that is too large nothing else is
    /// known. One that breaks off is no request yet, and its client will send it again.
    /// </summary>
    private async Task<(byte[] Hash, Problem? Refusal)> HashBodyAsync(HttpContext context)
    {
        context.Request.EnableBuffering(BufferSize);
        using var body = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        }
        catch (Exception exception) when (options.Value.ProblemOf(exception) is { Status: StatusCodes.Status413PayloadTooLarge } refusal)
        {
            return (TooLarge, refusal);
        }

        context.Request.Body.Position = 0;
        try
        {
            body.Position = 0;
            var json = await JsonNode.ParseAsync(body, cancellationToken: context.RequestAborted);
            return (SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(Sorted(json))), null);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            return (SHA256.HashData(body.ToArray()), null);
        }
    }

    private static JsonNode? Sorted(JsonNode? node) =>
        node switch
        {
            JsonObject fields => new JsonObject(
                fields
                    .OrderBy(field => field.Key, StringComparer.Ordinal)
                    .Select(field => KeyValuePair.Create(field.Key, Sorted(field.Value)))
            ),
            JsonArray items => new JsonArray(items.Select(Sorted).ToArray()),
            _ => node?.DeepClone(),
        };

    [LoggerMessage(LogLevel.Warning, "The answer of {Method} {Path} could not be kept under its idempotency key: {Reason}")]
    private static partial void LogNotKept(ILogger logger, string method, string path, string reason);
}
