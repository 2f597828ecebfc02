using System.Net;
using System.Text;
using NetPilot.CommandsClient.Tests.Support;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

/// <summary>What sockets do: to bytes that no HTTP library would send, and to requests on their way.</summary>
public sealed class TransportTests
{
    [Fact]
    public async Task A_command_is_posted_with_its_ids_in_the_body_and_nothing_in_the_query()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Success());
        await using var client = new TestClient(server.Url, settings: ("ApiKey", "key-1"));
        var target = TestClient.Target();

        var result = await client.Commands.BlockAsync(target, TestClient.Device, TestContext.Current.CancellationToken);

        result.IsSuccess.ShouldBeTrue(result.Failure?.ToString());
        var request = server.Requests.ShouldHaveSingleItem();
        request.Method.ShouldBe("POST");
        request.Path.ShouldBe("/api/block");
        request.Query.ShouldBeEmpty();
        request.Headers["X-Api-Key"].ShouldBe("key-1");
        request.Headers.Keys.ShouldNotContain("traceparent");
        request.Headers["Content-Type"].ShouldStartWith("application/json");
        request.Body.ShouldBe($$"""{"sessionId":"{{target.CommandsSessionId}}","routerId":"router-1","ip":"192.168.1.10"}""");
    }

    [Fact]
    public async Task A_read_carries_its_ids_in_the_query()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Success("[]"));
        await using var client = new TestClient(server.Url);
        var target = TestClient.Target();

        var result = await client.Commands.ListBlockedAsync(target, TestContext.Current.CancellationToken);

        result.IsSuccess.ShouldBeTrue(result.Failure?.ToString());
        var request = server.Requests.ShouldHaveSingleItem();
        request.Method.ShouldBe("GET");
        request.Path.ShouldBe("/api/blocked");
        request.Query.ShouldBe($"sessionId={target.CommandsSessionId}&routerId=router-1");
    }

    [Theory]
    [InlineData(ReplyEnd.Close)]
    [InlineData(ReplyEnd.Reset)]
    public async Task A_read_whose_connection_breaks_is_made_twice_and_no_more(object end)
    {
        await using var server = ScriptedServer.Always(new ScriptedReply([], (ReplyEnd)end));
        await using var client = new TestClient(server.Url);

        var result = await client.Commands.ListBlockedAsync(TestClient.Target(), TestContext.Current.CancellationToken);

        result.Failure.ShouldNotBeNull();
        result.Failure.Kind.ShouldBe(CommandsFailureKind.Unavailable);
        result.Failure.Effect.ShouldBe(CommandEffect.Unknown);
        server.Requests.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData(ReplyEnd.Close)]
    [InlineData(ReplyEnd.Reset)]
    public async Task A_command_whose_connection_breaks_is_made_once_on_a_used_connection_too(object end)
    {
        await using var server = new ScriptedServer(request =>
            request.Path == "/api/block" ? new ScriptedReply([], (ReplyEnd)end) : ScriptedReply.Success()
        );
        await using var client = new TestClient(server.Url);
        await client.Commands.ResetAsync(TestClient.Target(), TestContext.Current.CancellationToken);

        var result = await client.Commands.BlockAsync(TestClient.Target(), TestClient.Device, TestContext.Current.CancellationToken);

        result.Failure.ShouldNotBeNull();
        result.Failure.Kind.ShouldBe(CommandsFailureKind.Unavailable);
        result.Failure.Effect.ShouldBe(CommandEffect.Unknown);
        server.CountOf("/api/block").ShouldBe(1);
    }

    [Fact]
    public async Task Redirects_are_not_followed_and_cookies_not_kept()
    {
        await using var elsewhere = ScriptedServer.Always(ScriptedReply.Success());
        await using var server = new ScriptedServer(request =>
            request.Path == "/api/reset"
                ? ScriptedReply.Of(200, """{"success": true, "data": null}""", "Set-Cookie: a=b; Path=/\r\n")
                : ScriptedReply.Of(307, "", $"Location: {elsewhere.Url}/api/block\r\n")
        );
        await using var client = new TestClient(server.Url);

        var reset = await client.Commands.ResetAsync(TestClient.Target(), TestContext.Current.CancellationToken);
        var block = await client.Commands.BlockAsync(TestClient.Target(), TestClient.Device, TestContext.Current.CancellationToken);

        reset.IsSuccess.ShouldBeTrue();
        block.Failure.ShouldNotBeNull().Code.ShouldBe("commands_server_protocol_error");
        elsewhere.Requests.ShouldBeEmpty();
        server.Requests.ShouldAllBe(request => !request.Headers.ContainsKey("Cookie"));
    }

    [Fact]
    public async Task A_proxy_of_the_environment_is_not_used()
    {
        await using var proxy = ScriptedServer.Always(ScriptedReply.Success());
        await using var server = ScriptedServer.Always(ScriptedReply.Success());
        var usual = HttpClient.DefaultProxy;
        HttpClient.DefaultProxy = new WebProxy(proxy.Url);
        try
        {
            await using var client = new TestClient(server.Url);

            (await client.Commands.ResetAsync(TestClient.Target(), TestContext.Current.CancellationToken)).IsSuccess.ShouldBeTrue();
        }
        finally
        {
            HttpClient.DefaultProxy = usual;
        }

        proxy.Requests.ShouldBeEmpty();
        server.Requests.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"success\": true, \"da", ReplyEnd.Close, "commands_server_protocol_error")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"success\": true, \"da", ReplyEnd.Reset, "commands_server_unavailable")]
    [InlineData("HTTP/1.1 502 No\r\nContent-Length: 500\r\n\r\n{\"success\": fal", ReplyEnd.Close, "commands_server_unavailable")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"suc", ReplyEnd.Close, "commands_server_protocol_error")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le", ReplyEnd.Close, "commands_server_unavailable")]
    [InlineData("SSH-2.0-OpenSSH_9.2p1\r\n\r\n", ReplyEnd.Close, "commands_server_protocol_error")]
    public async Task Half_an_answer_is_judged_by_what_is_missing(string bytes, object end, string code)
    {
        await using var server = ScriptedServer.Always(new ScriptedReply(Encoding.UTF8.GetBytes(bytes), (ReplyEnd)end));
        await using var client = new TestClient(server.Url);

        var result = await client.Commands.BlockAsync(TestClient.Target(), TestClient.Device, TestContext.Current.CancellationToken);

        result.Failure.ShouldNotBeNull().Code.ShouldBe(code);
        result.Failure.Effect.ShouldBe(CommandEffect.Unknown);
    }

    [Fact]
    public async Task Of_an_endless_answer_no_more_than_the_limit_is_read()
    {
        var megabyte = new byte[1024 * 1024];
        await using var server = ScriptedServer.Always(
            new ScriptedReply(
                [.. "HTTP/1.1 200 OK\r\n\r\n["u8, .. Enumerable.Repeat(megabyte, 5).SelectMany(chunk => chunk)],
                ReplyEnd.Hang
            )
        );
        await using var client = new TestClient(server.Url);

        var result = await client.Commands.ScanAsync(TestClient.Target(), TestContext.Current.CancellationToken);

        result.Failure.ShouldNotBeNull().Code.ShouldBe("commands_server_protocol_error");
    }

    [Fact]
    public async Task An_answer_of_nearly_the_limit_is_read()
    {
        var entry = """{"ip": "192.168.1.10", "mac": "aa:bb:cc:dd:ee:01", "hostname": "h", "vendor": "v"}""";
        var list = string.Join(',', Enumerable.Repeat(entry, (4 * 1024 * 1024 - 200) / (entry.Length + 1)));
        await using var server = ScriptedServer.Always(ScriptedReply.Success($"[{list}]"));
        await using var client = new TestClient(server.Url);

        var result = await client.Commands.ScanAsync(TestClient.Target(), TestContext.Current.CancellationToken);

        result.IsSuccess.ShouldBeTrue(result.Failure?.ToString());
        result.Data.Devices.Count.ShouldBe(1000);
    }
}
