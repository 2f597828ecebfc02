using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using NetPilot.Testing;
using NetPilot.Web;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>No endpoint answers bad input with a 500, or lets it go downstream: every field of every body, and every part of every path.</summary>
public sealed class BadInputTests(NetPilotServer server)
{
    private static readonly string[] BadValues =
    [
        "17",
        "-1",
        "1e400",
        "true",
        "{}",
        "[]",
        "[[\"x\"]]",
        "\"\"",
        "\" \"",
        "\"a\\u0000b\"",
        "\"a\\u0007b\"",
        "\"\\ud800\"",
        "\"'; DROP TABLE users; --\"",
        "\"$(reboot)\"",
        $"\"{new string('x', 5_000)}\"",
        "\"9999-12-31T23:59:59Z\"",
        "\"-infinity\"",
        "\"🔥\"",
        "\"0\"",
        "null",
    ];

    private static readonly string[] BadSegments =
    [
        "x",
        "%20",
        "%01",
        "..%2f..%2fetc",
        "'%20OR%201=1",
        "%f0%9f%94%a5",
        "-1",
        "00000000-0000-0000-0000-000000000000",
        "256.256.256.256",
        "1.2.3.4.5",
        "192.168.001.010",
        "3232235786",
        "::1",
        new string('9', 2_000),
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_field_of_every_body_refuses_or_takes_but_never_fails()
    {
        var user = await server.NewUserAsync(tier: "pro", cancellationToken: Ct);
        var admin = await server.NewUserAsync(role: "admin", cancellationToken: Ct);
        var nowhere = TestRouter.NewId();
        var faults = new List<string>();
        foreach (var endpoint in server.Endpoints().Where(endpoint => endpoint.BodyProperties.Count > 0))
        {
            var client = endpoint.IsAnonymous ? server.NewClient() : (endpoint.Pattern.Contains("/admin/") ? admin : user).Http;
            foreach (var (field, _) in SampleRequests.BodyFor(endpoint))
            {
                foreach (var bad in BadValues)
                {
                    var body = new StringBuilder("{");
                    foreach (var (name, sample) in SampleRequests.BodyFor(endpoint))
                    {
                        body.Append(body.Length > 1 ? "," : "")
                            .Append($"\"{name}\":")
                            .Append(name == field ? bad : JsonValue.Create(sample)?.ToJsonString() ?? "null");
                    }

                    using var content = new StringContent(body.Append('}').ToString(), Encoding.UTF8, "application/json");
                    using var request = new HttpRequestMessage(new HttpMethod(endpoint.Method), endpoint.Path(Somewhere(nowhere)))
                    {
                        Content = content,
                    };
                    using var response = await client.SendAsync(request, Ct);
                    await CollectAsync(faults, $"{endpoint} {field}={bad[..Math.Min(bad.Length, 40)]}", response);
                }
            }
        }

        faults.ShouldBeEmpty();
        server.Commands.CallsTo(nowhere).ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_part_of_every_path_refuses_but_never_fails()
    {
        var user = await server.NewUserAsync(tier: "pro", cancellationToken: Ct);
        var router = await user.ClaimRouterAsync(cancellationToken: Ct);
        var admin = await server.NewUserAsync(role: "admin", cancellationToken: Ct);
        var faults = new List<string>();
        foreach (var endpoint in server.Endpoints().Where(endpoint => endpoint.Pattern.Contains('{')))
        {
            var client = endpoint.Pattern.Contains("/admin/") ? admin.Http : user.Http;
            foreach (var part in Somewhere("x").Keys.Where(name => endpoint.Pattern.Contains($"{{{name}")))
            {
                foreach (var bad in BadSegments)
                {
                    var values = Somewhere(router.RouterId);
                    values[part] = bad;
                    using var request = new HttpRequestMessage(new HttpMethod(endpoint.Method), endpoint.Path(values));
                    if (endpoint.BodyProperties.Count > 0)
                    {
                        request.Content = JsonContent.Create(SampleRequests.BodyFor(endpoint));
                    }

                    using var response = await client.SendAsync(request, Ct);
                    await CollectAsync(faults, $"{endpoint} {part}={bad[..Math.Min(bad.Length, 40)]}", response);

                    // "A malformed id in a path answers as an unknown one; a malformed {ip} in a path is 400."
                    var expected = part == "ip" ? 400 : 404;
                    if ((int)response.StatusCode != expected)
                    {
                        faults.Add($"{endpoint} {part}={bad[..Math.Min(bad.Length, 40)]}: {(int)response.StatusCode}, not {expected}");
                    }
                }
            }
        }

        faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_query_parameter_refuses_or_takes_but_never_fails()
    {
        var user = await server.NewUserAsync(tier: "pro", cancellationToken: Ct);
        var router = await user.ClaimRouterAsync(cancellationToken: Ct);
        var admin = await server.NewUserAsync(role: "admin", cancellationToken: Ct);
        var faults = new List<string>();
        foreach (var endpoint in server.Endpoints().Where(endpoint => endpoint.Method == "GET"))
        {
            var client = endpoint.Pattern.Contains("/admin/") ? admin.Http : user.Http;
            foreach (
                var name in endpoint
                    .RequestType.GetProperties()
                    .Select(property => char.ToLowerInvariant(property.Name[0]) + property.Name[1..])
            )
            {
                foreach (var bad in BadSegments.Append("%00").Append("%25_%5c").Append("").Append("a&" + name + "=b"))
                {
                    using var response = await client.GetAsync($"{endpoint.Path(Somewhere(router.RouterId))}?{name}={bad}", Ct);
                    await CollectAsync(faults, $"{endpoint} ?{name}={bad[..Math.Min(bad.Length, 40)]}", response);
                }
            }
        }

        faults.ShouldBeEmpty();
    }

    private static Dictionary<string, string> Somewhere(string routerId) =>
        new()
        {
            ["routerId"] = routerId,
            ["deviceId"] = Guid.CreateVersion7().ToString(),
            ["personId"] = Guid.CreateVersion7().ToString(),
            ["scheduleId"] = Guid.CreateVersion7().ToString(),
            ["id"] = Guid.CreateVersion7().ToString(),
            ["ip"] = "192.168.1.10",
        };

    private static async Task CollectAsync(List<string> faults, string what, HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        if (status >= 500)
        {
            faults.Add($"{what}: {status} {await response.Content.ReadAsStringAsync(Ct)}");
        }
        else if (status >= 400)
        {
            var problem = (await response.Content.ReadFromJsonAsync<ProblemBody>(Ct))!;
            if (
                response.Content.Headers.ContentType?.MediaType != "application/problem+json"
                || problem.Status != status
                || (status == 400 && problem.Code == ErrorCodes.ValidationFailed && problem.Errors is not { Count: > 0 })
            )
            {
                faults.Add($"{what}: {problem}");
            }
        }
    }
}
