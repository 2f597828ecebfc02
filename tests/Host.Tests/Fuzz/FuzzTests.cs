using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NetPilot.CommandsClient;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Fuzz;

/// <summary>
/// Requests made from docs/openapi.json, right and wrong ones, whose answers are held to it: no status and no code but the documented, no
/// failure of the server's own, every error a problem, and every body as its schema says. <c>NETPILOT_FUZZ_SEED</c> and <c>NETPILOT_FUZZ_REQUESTS</c> choose others.
/// </summary>
public sealed class FuzzTests(NetPilotServer server)
{
    private const int TooManyFaults = 20;

    // The server's own failures: documented, and still not to be had from outside.
    private static readonly string[] Failures = ["internal_error", "database_unavailable", "server_busy"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_is_sent_the_answer_is_a_documented_one()
    {
        var seed = Setting("NETPILOT_FUZZ_SEED", 20_261_125);
        // What a request does before anything goes downstream is the same in both dialects.
        var requests = Setting("NETPILOT_FUZZ_REQUESTS", server.Dialect == CommandsDialect.Plan ? 3_000 : 1_000);
        TestContext.Current.TestOutputHelper?.WriteLine($"NETPILOT_FUZZ_SEED={seed}");
        var random = new Random(seed);
        var document = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs", "openapi.json"), Ct);
        var operations = DocumentedOperation.ReadAll(JsonNode.Parse(document)!);
        var answers = await DocumentedAnswers.ReadAsync(document, Ct);
        var world = new FuzzWorld(server, random);
        await world.InitializeAsync();
        var maker = new RequestMaker(random, world);
        using var client = new HttpClient(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
            }
        )
        {
            BaseAddress = server.Address,
        };

        var faults = new List<string>();
        var answered = new Dictionary<int, int>();
        for (var i = 0; i < requests && faults.Count < TooManyFaults; i++)
        {
            var operation = operations[random.Next(operations.Count)];
            var request = maker.Make(operation);
            using var response = await client.SendAsync(request.Message, Ct);
            var status = (int)response.StatusCode;
            answered[status] = answered.GetValueOrDefault(status) + 1;
            if (await FaultOfAsync(operation, answers, request, response) is { } fault)
            {
                faults.Add($"#{i} {fault}\n    {request.Description}");
            }

            if (status is 200 or 201)
            {
                world.Remember(operation, await response.Content.ReadAsStringAsync(Ct));
            }

            await world.MendAsync(operation, request.By, status);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            string.Join(", ", answered.OrderBy(count => count.Key).Select(count => $"{count.Key}: {count.Value}"))
        );
        faults.ShouldBeEmpty($"NETPILOT_FUZZ_SEED={seed}");
        // What is refused at the door alone would prove nothing.
        answered.Where(count => count.Key < 300).Sum(count => count.Value).ShouldBeGreaterThan(requests / 10);
    }

    private static async Task<string?> FaultOfAsync(
        DocumentedOperation operation,
        DocumentedAnswers answers,
        MadeRequest request,
        HttpResponseMessage response
    )
    {
        var status = (int)response.StatusCode;
        var body = await response.Content.ReadAsStringAsync(Ct);
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            var code = JsonDocument.Parse(body).RootElement.GetProperty("code").GetString()!;
            try
            {
                await response.ShouldBeProblemAsync(status, code);
            }
            catch (ShouldAssertException exception)
            {
                return $"{status} {code} is no proper problem: {exception.Message}";
            }

            return Failures.Contains(code) ? $"{status} {code}: {body}"
                : request.IsElsewhere ? null
                : !IsDocumented(operation, status, code) ? $"{status} {code} is not documented: {body}"
                : answers.FaultOf(operation.Id, response, body);
        }

        // Of what the HTTP parser refuses, there is no more than the status.
        return status is 400 or 414 or 431 && body.Length == 0 ? null
            : status >= 400 ? $"{status} is no problem: {body}"
            : request.IsElsewhere ? null
            : !operation.Answers.ContainsKey(status) ? $"{status} is not documented"
            : answers.FaultOf(operation.Id, response, body);
    }

    private static bool IsDocumented(DocumentedOperation operation, int status, string code) =>
        operation.Answers.TryGetValue(status, out var codes) && codes.Contains(code);

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
