using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using NetPilot.Testing;
using NetPilot.Web;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>What may come as a body, byte by byte; on POST /routers, since every endpoint with a body reads it alike.</summary>
public sealed class RequestBodyTests(NetPilotServer server) : IAsyncLifetime
{
    private const string Json = "Content-Type: application/json";
    private TestUser _user = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _user = await server.NewUserAsync(tier: "pro", cancellationToken: Ct);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public static TheoryData<string, string, string> Refused =>
        new()
        {
            { "", "malformed_json", "" },
            { " ", "malformed_json", "" },
            { "{", "malformed_json", "" },
            { "{\"name\":", "malformed_json", "" },
            { "{\"name\":\"x\",}", "malformed_json", "" },
            { "{'name':'x'}", "malformed_json", "" },
            { "{} x", "malformed_json", "" },
            { "/**/{}", "malformed_json", "" },
            { "{\"x\":" + new string('[', 100) + new string(']', 100) + "}", "malformed_json", "" },
            { "{\"\\ud800\":1}", "malformed_json", "" },
            { "null", "validation_failed", "body" },
            { "[]", "validation_failed", "body" },
            { "[{}]", "validation_failed", "body" },
            { "\"x\"", "validation_failed", "body" },
            { "1", "validation_failed", "body" },
            { "true", "validation_failed", "body" },
            { "{\"name\":1}", "validation_failed", "name" },
            { "{\"name\":true}", "validation_failed", "name" },
            { "{\"name\":{}}", "validation_failed", "name" },
            { "{\"name\":[\"x\"]}", "validation_failed", "name" },
            { "{\"name\":\"a\\u0000b\"}", "validation_failed", "name" },
            { "{\"name\":\"\\ud800\"}", "validation_failed", "name" },
            { "{\"name\":\"\u00ff\u00fe\"}", "validation_failed", "name" },
            { "{\"name\":\"x\",\"name\":\"y\"}", "validation_failed", "name" },
            { "{}", "validation_failed", "routerId name" },
            { "{\"NAME\":\"x\",\"RouterId\":\"y\"}", "validation_failed", "routerId name" },
            { "{\"name\":\"x\",\"routerId\":\"\"}", "validation_failed", "routerId" },
        };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_body_that_is_no_object_of_the_right_shape_is_a_problem_that_names_the_field(string body, string code, string fields)
    {
        var response = await PostAsync(body, Json);

        response.Status.ShouldBe(400);
        var problem = Problem(response);
        problem.Code.ShouldBe(code);
        string.Join(' ', (problem.Errors ?? []).Select(error => error.Name)).ShouldBe(fields);
    }

    [Theory]
    [InlineData("Content-Type: text/plain")]
    [InlineData("Content-Type: application/x-www-form-urlencoded")]
    [InlineData("Content-Type: multipart/form-data; boundary=x")]
    [InlineData("Content-Type: application/xml")]
    [InlineData("Content-Type: application/merge-patch+json")]
    [InlineData("Content-Type: nonsense")]
    [InlineData("Content-Type: application/json; charset=utf-16")]
    [InlineData("Content-Type: application/json; charset=latin1")]
    [InlineData("Content-Type: application/json\r\nContent-Encoding: gzip")]
    [InlineData("X: no type at all")]
    public async Task A_body_of_another_media_type_is_415(string header)
    {
        var response = await PostAsync(Good(), header);

        response.Status.ShouldBe(415);
        Problem(response).Code.ShouldBe("unsupported_media_type");
    }

    [Theory]
    [InlineData("Content-Type: application/json")]
    [InlineData("Content-Type: application/json; charset=utf-8")]
    [InlineData("Content-Type: application/json; charset=UTF8")]
    [InlineData("content-type: APPLICATION/JSON;CHARSET=\"UTF-8\"")]
    [InlineData("Content-Type: application/json\r\nContent-Encoding: identity")]
    [InlineData("Content-Type: application/json\r\nExpect: 100-continue")]
    public async Task JSON_in_UTF8_is_taken_however_it_is_announced(string header)
    {
        var response = await PostAsync(Good(), header);

        // After "100 Continue", where it was asked for.
        (response.Status is 201 || response.Body.StartsWith("HTTP/1.1 201 ", StringComparison.Ordinal)).ShouldBeTrue(response.ToString());
    }

    [Fact]
    public async Task Unknown_fields_and_a_byte_order_mark_are_ignored()
    {
        (await PostAsync("\u00ef\u00bb\u00bf" + Good()[..^1] + ",\"isAdmin\":true,\"x\":{\"y\":[1]}}", Json)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Too_large_a_body_is_413_declared_or_chunked()
    {
        var large = "{\"name\":\"" + new string('a', 200_000) + "\"}";
        var declared = await PostAsync(large, Json);
        declared.Status.ShouldBe(413);
        Problem(declared).Code.ShouldBe("body_too_large");

        var chunks = string.Concat(large.Chunk(10_000).Select(chunk => $"{chunk.Length:x}\r\n{new string(chunk)}\r\n")) + "0\r\n\r\n";
        var request = RawHttp.Request("POST", "/api/v1/routers", null, [Json, Bearer, "Transfer-Encoding: chunked"]) + chunks;
        var chunked = await RawHttp.SendAsync(server.Address, request, Ct);
        chunked.Status.ShouldBe(413);
        Problem(chunked).Code.ShouldBe("body_too_large");
    }

    [Theory]
    [InlineData("POST", "/api/v1/auth/logout", "Content-Length: 70000", "", false)]
    [InlineData("POST", "/api/v1/routers", "Content-Length: 70000", "", false)]
    [InlineData("POST", "/api/v1/auth/login", "Content-Length: 70000", "", false)]
    [InlineData("POST", "/api/v1/auth/login", "Content-Type: application/json\r\nContent-Length: 70000", "", false)]
    [InlineData("GET", "/api/v1/me", "Content-Length: 70000", "", false)]
    [InlineData("GET", "/health/live", "Content-Length: 70000", "", false)]
    [InlineData("GET", "/nothing/here", "Content-Length: 70000", "", false)]
    [InlineData("POST", "/api/v1/routers", "Transfer-Encoding: chunked", "zz\r\n", false)]
    [InlineData("POST", "/api/v1/auth/login", "Content-Type: application/json\r\nTransfer-Encoding: chunked", "zz\r\n", false)]
    [InlineData("POST", "/api/v1/routers", "Transfer-Encoding: chunked", "2\r\n{}\r\n", false)]
    [InlineData("GET", "/health/live", "Transfer-Encoding: chunked", "2\r\n{}\r\nzz\r\n", false)]
    [InlineData("POST", "/api/v1/auth/login", "Content-Type: application/json\r\nTransfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n", true)]
    [InlineData("POST", "/api/v1/routers", "Content-Length: 2", "{}", true)]
    public async Task A_connection_that_cannot_be_used_again_says_so(string method, string path, string length, string body, bool isKept)
    {
        var head = RawHttp.Request(method, path, null, length).Replace("Connection: close\r\n", "", StringComparison.Ordinal);
        var sent = head + (body.Length > 0 ? body : new string('x', 70_000)) + RawHttp.Request("GET", "/health/live");

        var response = await RawHttp.SendAsync(server.Address, sent, Ct);

        response.Headers.ContainsKey("Connection").ShouldBe(!isKept, response.ToString());
        response.Body.Contains("HTTP/1.1 200 OK", StringComparison.Ordinal).ShouldBe(isKept, response.ToString());
    }

    [Fact]
    public async Task A_client_that_waits_to_send_a_body_is_not_asked_for_one_that_is_refused()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port, Ct);
        await using var stream = client.GetStream();
        using var answer = new StreamReader(stream);
        var head = RawHttp.Request("POST", "/api/v1/routers", null, ["Transfer-Encoding: chunked", "Expect: 100-continue"]);

        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), Ct);

        (await answer.ReadLineAsync(Ct)).ShouldBe("HTTP/1.1 401 Unauthorized");
    }

    [Fact]
    public async Task A_connection_is_kept_where_a_key_had_the_chunks_read_beforehand()
    {
        string[] headers = [Bearer, Json, "Idempotency-Key: chunks", "Transfer-Encoding: chunked"];
        var body = Good();
        var head = RawHttp.Request("POST", "/api/v1/routers", null, headers).Replace("Connection: close\r\n", "", StringComparison.Ordinal);
        var sent = head + $"{body.Length:x}\r\n{body}\r\n0\r\n\r\n" + RawHttp.Request("GET", "/health/live");

        var response = await RawHttp.SendAsync(server.Address, sent, Ct);

        response.Status.ShouldBe(201, response.ToString());
        response.Headers.ContainsKey("Connection").ShouldBeFalse(response.ToString());
        response.Body.ShouldContain("HTTP/1.1 200 OK");
    }

    [Fact]
    public async Task A_body_that_stops_coming_is_400_and_ends_the_connection()
    {
        async Task<RawResponse> SendHeadOfAsync(string path) =>
            await RawHttp.SendAsync(
                server.Address,
                RawHttp
                    .Request("POST", path, null, [Bearer, Json, "Content-Length: 100"])
                    .Replace("Connection: close\r\n", "", StringComparison.Ordinal) + "{\"ema",
                Ct
            );

        // The HTTP server gives a body five seconds.
        var (read, unread) = (SendHeadOfAsync("/api/v1/auth/login"), SendHeadOfAsync("/api/v1/auth/logout"));

        foreach (var response in new[] { await read, await unread })
        {
            response.Status.ShouldBe(400, response.ToString());
            response.Headers["Connection"].ShouldBe("close");
        }

        Problem(await read).Code.ShouldBe("malformed_json");
        Problem(await unread).Code.ShouldBe("validation_failed");
        using var alive = await _user.Http.GetAsync("/api/v1/me", Ct);
        await alive.ShouldBeJsonAsync(200);
    }

    [Theory]
    [InlineData("80000000")]
    [InlineData("ffffffff")]
    [InlineData("7fffffffffffffff")]
    [InlineData("ffffffffffffffffff")]
    [InlineData("-1")]
    [InlineData("zz")]
    [InlineData("")]
    public async Task A_chunk_whose_size_is_none_is_400(string size)
    {
        var head = RawHttp.Request("POST", "/api/v1/routers", null, [Json, Bearer, "Transfer-Encoding: chunked"]);
        var response = await RawHttp.SendAsync(server.Address, head + size + "\r\n{}\r\n0\r\n\r\n", Ct);

        response.Status.ShouldBe(400);
        Problem(response).Code.ShouldBe("malformed_json");
    }

    [Fact]
    public async Task What_cannot_be_read_to_its_end_is_not_carried_out_where_nobody_reads_it()
    {
        var head = RawHttp.Request("POST", "/api/v1/auth/logout", null, [Bearer, "Transfer-Encoding: chunked"]);
        foreach (var size in new[] { "zz", "80000000", "ffffffffffffffff" })
        {
            var broken = await RawHttp.SendAsync(server.Address, head + size + "\r\n{}\r\n0\r\n\r\n", Ct);
            broken.Status.ShouldBe(400, size);
            Problem(broken).Code.ShouldBe("validation_failed");
        }

        using var alive = await _user.Http.GetAsync("/api/v1/me", Ct);
        await alive.ShouldBeJsonAsync(200);
    }

    [Theory]
    [InlineData("Content-Type: multipart/form-data")]
    [InlineData("Content-Type: multipart/form-data; boundary=x")]
    [InlineData("Content-Type: application/x-www-form-urlencoded")]
    [InlineData("Content-Type: nonsense")]
    public async Task Where_no_body_is_read_none_is_refused(string header)
    {
        var request = RawHttp.Request("POST", "/api/v1/auth/logout", "--y\r\n%zz=%00&\u00ff", [header, Bearer]);

        (await RawHttp.SendAsync(server.Address, request, Ct)).Status.ShouldBe(204);
    }

    [Theory]
    [InlineData("X: neither a type nor a length")]
    [InlineData("Content-Type: application/json")]
    [InlineData("Content-Length: 0")]
    [InlineData("Content-Type: application/json\r\nContent-Length: 0")]
    [InlineData("Content-Type: application/json\r\nConnection: upgrade\r\nUpgrade: h2c")]
    [InlineData("Content-Type: application/octet-stream\r\nContent-Length: 0")]
    [InlineData("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0")]
    [InlineData("Transfer-Encoding: chunked", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Type: application/json", "0\r\n\r\n")]
    public async Task A_body_that_may_be_left_out_is_left_out_whatever_type_is_announced(string header, string? body = null)
    {
        var router = await _user.ClaimRouterAsync(cancellationToken: Ct);
        using var made = await router.PostAsync("people", new { name = "Mia" });
        var person = (await made.ShouldBeJsonAsync(201)).GetProperty("id").GetString();
        var pause = RawHttp.Request("POST", router.Path($"people/{person}/pause"), null, [header, Bearer]) + body;

        (await RawHttp.SendAsync(server.Address, pause, Ct)).Status.ShouldBe(200);
        using var paused = await router.GetAsync($"people/{person}");
        (await paused.ShouldBeJsonAsync(200)).GetProperty("paused").GetBoolean().ShouldBeTrue();
    }

    [Theory]
    [InlineData("X: neither a type nor a length")]
    [InlineData("Content-Type: application/json")]
    [InlineData("Content-Type: application/json\r\nContent-Length: 0")]
    public async Task A_body_that_is_needed_is_missed_whatever_type_is_announced(string header)
    {
        var response = await RawHttp.SendAsync(server.Address, RawHttp.Request("POST", "/api/v1/routers", null, [header, Bearer]), Ct);

        response.Status.ShouldBe(400);
        Problem(response).Code.ShouldBe("malformed_json");
        Problem(response).Detail.ShouldBe("A JSON body is needed.");
    }

    // A small body that has come with the headers is looked at before it is read; one in chunks is not.
    [Theory]
    [InlineData("{\"ip\":\"192.168.1.99\"}", 404, "not_blocked")]
    [InlineData("{\"reason\":{\"ip\":[1]},\"ip\":\"192.168.1.99\"}", 404, "not_blocked")]
    [InlineData("{\"ip\":\"192.168.1.99\",\"ip\":\"192.168.1.98\"}", 400, "validation_failed")]
    [InlineData("{\"ip\":\"192.168.1.099\"}", 400, "validation_failed")]
    [InlineData("{\"ip\":\"192.168.1.99", 400, "malformed_json")]
    [InlineData("{\"ip\":\"192.168.1.99\"}}", 400, "malformed_json")]
    [InlineData("{\"ip\":\"192.168.1.99\",", 400, "malformed_json")]
    [InlineData("{\"ip\":\"\\ud800\"}", 400, "validation_failed")]
    [InlineData("{\"ip\":null}", 400, "validation_failed")]
    [InlineData("{\"ip\":[\"192.168.1.99\"]}", 400, "validation_failed")]
    [InlineData("{\"ip\":{}}", 400, "validation_failed")]
    [InlineData("[{\"ip\":\"192.168.1.99\"}]", 400, "validation_failed")]
    [InlineData("\u00ff", 400, "malformed_json")]
    public async Task A_body_that_names_a_device_means_the_same_however_it_arrives(string body, int status, string code)
    {
        var router = await _user.ClaimRouterAsync(cancellationToken: Ct);
        var path = router.Path("unblock");
        var inChunks = RawHttp.Request("POST", path, null, [Json, Bearer, "Transfer-Encoding: chunked"]);
        string[] requests =
        [
            RawHttp.Request("POST", path, body, [Json, Bearer]),
            RawHttp.Request("POST", path, body + new string(' ', 2000), [Json, Bearer]),
            inChunks + $"{body.Length:x}\r\n{body}\r\n0\r\n\r\n",
            RawHttp.Request("POST", path, body, [Json, Bearer, "Expect: 100-continue"]),
        ];
        foreach (var request in requests)
        {
            var response = Final(await RawHttp.SendAsync(server.Address, request, Ct));
            response.Status.ShouldBe(status, request);
            Problem(response).Code.ShouldBe(code, request);
        }

        var (first, rest) = (requests[0][..^(body.Length - (body.Length / 2))], requests[0][^(body.Length - (body.Length / 2))..]);
        var late = await RawHttp.SendInTwoAsync(server.Address, first, rest, Ct);
        late.Status.ShouldBe(status, late.ToString());
        Problem(late).Code.ShouldBe(code);
    }

    [Fact]
    public async Task A_body_that_was_looked_at_leaves_the_next_request_of_the_connection_where_it_is()
    {
        var router = await _user.ClaimRouterAsync(cancellationToken: Ct);
        var first = RawHttp.Request("POST", router.Path("unblock"), "{\"ip\":\"192.168.1.99\"}", [Json, Bearer]);
        var others = RawHttp.Request("POST", router.Path("unblock"), "{\"ip\":\"192.168.1.98\"}", [Json, "Authorization: Bearer none"]);
        var sent = (first + others).Replace("Connection: close\r\n", "", StringComparison.Ordinal) + RawHttp.Request("GET", "/health/live");

        var response = await RawHttp.SendAsync(server.Address, sent, Ct);

        response.Status.ShouldBe(404, response.ToString());
        response.Body.ShouldContain("HTTP/1.1 401 ");
        response.Body.ShouldContain("HTTP/1.1 200 OK");
    }

    [Fact]
    public async Task A_body_of_just_64_KiB_is_taken()
    {
        var good = Good();
        (await PostAsync(good + new string(' ', (64 * 1024) - good.Length), Json)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task The_query_overrides_nothing_and_a_body_cannot_set_the_path()
    {
        var router = await _user.ClaimRouterAsync(cancellationToken: Ct);
        var other = await _user.ClaimRouterAsync("Other", Ct);
        var request = RawHttp.Request(
            "PATCH",
            router.Path($"?routerId={other.RouterId}&name=query"),
            $$"""{"name":"body","routerId":"{{other.RouterId}}"}""",
            [Json, Bearer]
        );

        var response = await RawHttp.SendAsync(server.Address, request, Ct);
        response.Status.ShouldBe(200);

        using var changed = await _user.Http.GetAsync(router.Path(), Ct);
        (await changed.ShouldBeJsonAsync(200)).GetProperty("name").GetString().ShouldBe("body");
        using var untouched = await _user.Http.GetAsync(other.Path(), Ct);
        (await untouched.ShouldBeJsonAsync(200)).GetProperty("name").GetString().ShouldBe("Other");
    }

    /// <summary>The answer after "100 Continue", where that came first.</summary>
    private static RawResponse Final(RawResponse response) => response.Status == 100 ? RawResponse.Parse(response.Body) : response;

    private string Bearer => $"Authorization: Bearer {_user.AccessToken}";

    private static string Good() => $$"""{"routerId":"{{TestRouter.NewId()}}","name":"Home"}""";

    private Task<RawResponse> PostAsync(string body, string header) =>
        RawHttp.SendAsync(server.Address, RawHttp.Request("POST", "/api/v1/routers", body, [header, Bearer]), Ct);

    private static ProblemBody Problem(RawResponse response)
    {
        response.Headers["Content-Type"].ShouldBe("application/problem+json");
        response.Headers["X-Content-Type-Options"].ShouldBe("nosniff");
        var start = response.Body.IndexOf('{', StringComparison.Ordinal);
        return JsonSerializer.Deserialize<ProblemBody>(
            response.Body[start..(response.Body.LastIndexOf('}') + 1)],
            JsonSerializerOptions.Web
        )!;
    }
}
