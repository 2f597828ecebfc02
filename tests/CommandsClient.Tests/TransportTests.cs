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
}
