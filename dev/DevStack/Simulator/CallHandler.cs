using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace NetPilot.DevStack.Simulator;

/// <summary>Takes one call from its arrival to its answer, or to whatever a fault makes of it.</summary>
internal sealed class CallHandler(CommandsServerSimulator simulator)
{
    private const int HugePadding = 5 * 1024 * 1024;

    private readonly SimulatorOptions _options = simulator.Options;
    private readonly TimeProvider _time = simulator.Options.TimeProvider;

    public async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        var route = simulator.Routes.GetValueOrDefault(request.Path.Value ?? "");
        var call = new RecordedCall(route?.Operation ?? SimulatorOperation.Unknown, request, _time.GetUtcNow());
        try
        {
            var body = await ReadAsync(request, context.RequestAborted);
            call.Body = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, RecordedCall.KeptBody)));
            var input = InputOf(request, body, out var unreadable);
            (call.SessionId, call.RouterId, call.Ip) = (input.SessionId, input.RouterId, input.Ip);
            simulator.Log.Add(call);

            var refusal = Refuse(request, route, unreadable);
            await AnswerAsync(context, call, input, refusal);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or BadHttpRequestException)
        {
            // The caller hung up, or the simulator is stopping: returning would send an empty 200.
            context.Abort();
        }
        finally
        {
            call.FinishedAt = _time.GetUtcNow();
            simulator.Log.Changed();
        }
    }

    private async Task AnswerAsync(HttpContext context, RecordedCall call, CommandInput input, Answer? refusal)
    {
        var started = Stopwatch.GetTimestamp();
        var struck = simulator.TakeFault(call.Operation, call.RouterId);
        call.Fault = struck?.Fault.Kind;
        var fault = struck?.Fault ?? NoFault;

        Outcome? outcome = null;
        if (refusal is null && fault.Executes)
        {
            outcome = await ExecuteAsync(call, input, fault, struck);
        }
        else
        {
            var delay = Task.Delay(fault.Delay, _time, simulator.Stopping);
            struck?.Announce();
            await delay;
        }

        if (outcome?.HeldBy is { } router)
        {
            // The rule is there by now, so this is not counted as a change under way.
            await router.HoldAsync(_time, simulator.Stopping);
        }

        var metadata = new EnvelopeMetadata(
            call.SessionId,
            call.RouterId,
            _time.GetUtcNow(),
            Stopwatch.GetElapsedTime(started),
            WithZone: _options.Dialect is SimulatorDialect.Plan
        );
        await RespondAsync(context, call, fault, struck, outcome, refusal, metadata);
    }

    private static readonly Fault NoFault = new(FaultKind.Delay);

    /// <summary>
    /// The time of a changing command on its router runs from here to its effect, and ends before the answer goes out: whoever waits for the
    /// answer before the next command never overlaps.
    /// </summary>
    private async Task<Outcome> ExecuteAsync(RecordedCall call, CommandInput input, Fault fault, FaultHandle? struck)
    {
        var changed = SimulatorRoutes.Changes(call.Operation) && call.RouterId is { Length: > 0 } id ? simulator.Router(id) : null;
        changed?.EnterChange();
        try
        {
            // Not tied to the caller: who hangs up does not stop what was begun.
            var delay = Task.Delay(fault.Delay, _time, simulator.Stopping);
            if (!fault.StrikesAfterEffect)
            {
                struck?.Announce();
            }

            await delay;
            if (_options.CommandTime > TimeSpan.Zero)
            {
                await Task.Delay(_options.CommandTime, _time, simulator.Stopping);
            }
            if (fault.Kind is FaultKind.Hold)
            {
                await struck!.Released.WaitAsync(simulator.Stopping);
            }

            var outcome = simulator.Executor.Execute(call.Operation, input);
            call.Executed = outcome.Success;
            simulator.Log.Changed();
            if (fault.StrikesAfterEffect)
            {
                struck?.Announce();
            }

            return outcome;
        }
        finally
        {
            changed?.LeaveChange();
        }
    }

    private async Task RespondAsync(
        HttpContext context,
        RecordedCall call,
        Fault fault,
        FaultHandle? struck,
        Outcome? outcome,
        Answer? refusal,
        EnvelopeMetadata metadata
    )
    {
        var normal = outcome ?? Outcome.Ok(writer => writer.WriteNullValue());
        Answer Usual() => refusal ?? (normal.IsPage ? Answer.Html(normal.Status) : Answer.Envelope(normal, metadata));

        switch (fault.Kind)
        {
            case FaultKind.Delay or FaultKind.Hold:
                call.Code = outcome is { IsPage: false } ? outcome.Code : null;
                await WriteAsync(context, call, Usual());
                break;
            case FaultKind.HoldAnswer:
                call.Code = outcome is { IsPage: false } ? outcome.Code : null;
                await struck!.Released.WaitAsync(simulator.Stopping);
                await WriteAsync(context, call, Usual());
                break;
            case FaultKind.Hang:
                await HangAsync(context);
                break;
            case FaultKind.HangBody:
                await WriteHalfAsync(context, call, Usual());
                await HangAsync(context);
                break;
            case FaultKind.ResetBefore or FaultKind.ResetAfter:
                context.Abort();
                break;
            case FaultKind.Html:
                await WriteAsync(context, call, Answer.Html(fault.Status ?? 500));
                break;
            case FaultKind.Truncated:
                await WriteAsync(context, call, Usual().FirstHalf());
                break;
            case FaultKind.Empty:
                await WriteAsync(context, call, Answer.Raw("", fault.Status ?? 200));
                break;
            case FaultKind.NotJson:
                await WriteAsync(context, call, Answer.Raw("OK, done.", fault.Status ?? 200));
                break;
            case FaultKind.MissingFields:
                await WriteAsync(context, call, Answer.Raw("""{"result":"done"}""", fault.Status ?? 200));
                break;
            case FaultKind.SuccessWith500:
                var success = normal.Success ? normal : Outcome.Ok(writer => writer.WriteNullValue());
                await WriteAsync(context, call, Answer.Envelope(success with { Status = fault.Status ?? 500 }, metadata));
                break;
            case FaultKind.WrongShape:
                await WriteAsync(context, call, Answer.Envelope(Outcome.Ok(WriteOddly), metadata));
                break;
            case FaultKind.Data:
                await WriteAsync(
                    context,
                    call,
                    Answer.Envelope(Outcome.Ok(writer => writer.WriteRawValue(fault.Data ?? "null")), metadata)
                );
                break;
            case FaultKind.Huge:
                await WriteAsync(context, call, Answer.Envelope(normal, metadata, HugePadding));
                break;
            case FaultKind.Redirect:
                await WriteAsync(context, call, Answer.Html(307, "/api/redirected"));
                break;
            case FaultKind.FailureWith200 or FaultKind.Envelope:
                var usual = fault.Kind is FaultKind.FailureWith200 ? 200 : 500;
                var code = fault.Code ?? DefaultCode(fault.Status);
                var failure = Outcome.Fail(fault.Status ?? usual, code, fault.Message ?? $"Command failed: {code.ToLowerInvariant()}");
                call.Code = code;
                await WriteAsync(context, call, Answer.Envelope(failure, metadata));
                break;
            default:
                throw new UnreachableException($"{fault.Kind}");
        }
    }

    private static string DefaultCode(int? status) =>
        status switch
        {
            400 => "BAD_REQUEST",
            401 => "SESSION_INVALID",
            404 => "ROUTER_NOT_FOUND",
            408 => "COMMAND_TIMEOUT",
            501 => "NOT_IMPLEMENTED",
            503 => "TUNNEL_OR_ROUTER_UNAVAILABLE",
            _ => "COMMAND_FAILED",
        };

    /// <summary>Data that no operation has: an array where an object is wanted is an object in an array, and neither has a known field.</summary>
    private static void WriteOddly(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("rows");
        writer.WriteNumberValue(42);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private Answer? Refuse(HttpRequest request, SimulatorRoutes.Route? route, int? unreadable)
    {
        if (route is null)
        {
            return Answer.Html(404);
        }
        if (request.Method != route.Method)
        {
            return Answer.Html(405);
        }
        if (route.RedirectTo is { } target)
        {
            return Answer.Html(308, target + request.QueryString);
        }
        if (_options.ApiKey is { } key && request.Headers["X-Api-Key"] != key)
        {
            var refused = Outcome.Fail(401, "UNAUTHORIZED", "X-Api-Key is missing or wrong");
            return Answer.Envelope(refused, new EnvelopeMetadata(null, null, _time.GetUtcNow(), TimeSpan.Zero, WithZone: false));
        }
        return unreadable is { } status ? Answer.Html(status) : null;
    }

    private static async Task<byte[]> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (read.IsCompleted)
            {
                var all = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return all;
            }
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>GETs name things in the query, POSTs in a JSON object; <paramref name="unreadable"/> is the status for a body that is none.</summary>
    private static CommandInput InputOf(HttpRequest request, byte[] body, out int? unreadable)
    {
        unreadable = null;
        if (HttpMethods.IsGet(request.Method))
        {
            var query = request.Query;
            return new CommandInput(query["sessionId"], query["routerId"], query["ip"], null, null);
        }

        var nothing = new CommandInput(null, null, null, null, null);
        if (!request.HasJsonContentType())
        {
            unreadable = 415;
            return nothing;
        }
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind is not JsonValueKind.Object)
            {
                // The published code takes fields from it unseen.
                unreadable = 500;
                return nothing;
            }
            string? Field(string name) =>
                json.RootElement.TryGetProperty(name, out var value)
                    ? value.ValueKind is JsonValueKind.Null
                        ? null
                        : value.ToString()
                    : null;
            return new CommandInput(Field("sessionId"), Field("routerId"), Field("ip"), Field("password"), Field("ssid"));
        }
        catch (JsonException)
        {
            unreadable = 400;
            return nothing;
        }
    }

    private static async Task WriteAsync(HttpContext context, RecordedCall call, Answer answer)
    {
        call.Status = answer.Status;
        Describe(context.Response, answer);
        await context.Response.BodyWriter.WriteAsync(answer.Body, context.RequestAborted);
    }

    private static async Task WriteHalfAsync(HttpContext context, RecordedCall call, Answer answer)
    {
        call.Status = answer.Status;
        Describe(context.Response, answer);
        await context.Response.BodyWriter.WriteAsync(answer.FirstHalf().Body, context.RequestAborted);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private static void Describe(HttpResponse response, Answer answer)
    {
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        response.ContentLength = answer.Body.Length;
        if (answer.Location is { } location)
        {
            response.Headers.Location = location;
        }
    }

    private async Task HangAsync(HttpContext context)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, simulator.Stopping);
        await Task.Delay(Timeout.InfiniteTimeSpan, either.Token);
    }
}
