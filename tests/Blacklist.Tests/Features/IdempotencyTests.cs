using System.Net.Http.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Features;

public sealed class IdempotencyTests(BlacklistServer server)
{
    [Fact]
    public async Task A_repeat_gets_the_first_answer_again()
    {
        var router = await server.NewRouterAsync();
        var ip = router.Simulated.Device().Ip;
        using var first = await SendAsync(router, "k1", new { ip, reason = "a" });
        (await router.UnblockAsync(ip)).Dispose();

        using var repeat = await SendAsync(router, "k1", new { reason = "a", ip });

        (await repeat.ShouldBeJsonAsync(201)).ToString().ShouldBe((await first.ShouldBeJsonAsync(201)).ToString());
        repeat.Headers.Location.ShouldBe(first.Headers.Location);
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Another_body_is_422_and_another_user_or_path_is_another_key()
    {
        var router = await server.NewRouterAsync();
        var other = await server.NewRouterAsync();
        using var first = await SendAsync(router, "shared", new { ip = router.Simulated.Device().Ip });
        await first.ShouldBeJsonAsync(201);

        using var reused = await SendAsync(router, "shared", new { ip = router.Simulated.Device(1).Ip });
        using var elsewhere = await SendAsync(other, "shared", new { ip = other.Simulated.Device().Ip });

        await reused.ShouldBeProblemAsync(422, "idempotency_key_reused");
        await elsewhere.ShouldBeJsonAsync(201);
    }

    [Fact]
    public async Task While_the_first_runs_a_repeat_is_409()
    {
        var router = await server.NewRouterAsync();
        using var hold = server.Commands.AddFault(
            new Fault(FaultKind.Hold) { RouterId = router.RouterId, Operation = SimulatorOperation.Block }
        );
        var body = new { ip = router.Simulated.Device().Ip };
        var first = SendAsync(router, "slow", body);
        await hold.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);

        using var repeat = await SendAsync(router, "slow", body);
        hold.Release();

        await repeat.ShouldBeProblemAsync(409, "request_in_flight");
        using var done = await first;
        await done.ShouldBeJsonAsync(201);
    }

    [Fact]
    public async Task Refusals_of_the_client_are_kept_and_failures_free_the_key()
    {
        var router = await server.NewRouterAsync();
        var body = new { ip = router.Simulated.Device().Ip };
        using (var fault = server.Commands.AddFault(Refused(router)))
        {
            using var failed = await SendAsync(router, "retry", body);
            await failed.ShouldBeProblemAsync(502, "command_failed");
        }

        using var retried = await SendAsync(router, "retry", body);
        await retried.ShouldBeJsonAsync(201);
        using var invalid = await SendAsync(router, "bad", new { ip = "not an address" });
        using var again = await SendAsync(router, "bad", new { ip = "not an address" });
        using var mended = await SendAsync(router, "bad", new { ip = router.Simulated.Device(1).Ip });

        await invalid.ShouldBeProblemAsync(400, "validation_failed", "ip");
        await again.ShouldBeProblemAsync(400, "validation_failed", "ip");
        await mended.ShouldBeProblemAsync(422, "idempotency_key_reused");
    }

    [Theory]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData(null)]
    public async Task A_malformed_key_is_400(string? key)
    {
        key ??= new string('k', 129);
        var router = await server.NewRouterAsync();

        using var response = await SendAsync(router, key, new { ip = router.Simulated.Device().Ip });

        await response.ShouldBeProblemAsync(400, "validation_failed");
        router.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
    }

    [Fact]
    public async Task Claims_take_a_key_too()
    {
        var user = await server.NewUserAsync(cancellationToken: TestContext.Current.CancellationToken);
        var body = new { routerId = TestRouter.NewId(), name = "Home" };
        using var first = await PostAsync(user, "/api/v1/routers", "claim", body);
        using var repeat = await PostAsync(user, "/api/v1/routers", "claim", body);

        await first.ShouldBeJsonAsync(201);
        await repeat.ShouldBeJsonAsync(201);
    }

    [Fact]
    public async Task Thirty_two_repeats_at_once_block_once()
    {
        var router = await server.NewRouterAsync();
        var body = new { ip = router.Simulated.Device().Ip };

        var responses = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => SendAsync(router, "burst", body)));

        responses.ShouldAllBe(response => (int)response.StatusCode == 201 || (int)response.StatusCode == 409);
        responses.ShouldContain(response => (int)response.StatusCode == 201);
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    private static Fault Refused(TestRouter router) =>
        new(FaultKind.Envelope)
        {
            RouterId = router.RouterId,
            Operation = SimulatorOperation.Block,
            Status = 500,
            Code = "COMMAND_FAILED",
            Message = "Command failed: no",
        };

    private static Task<HttpResponseMessage> SendAsync(TestRouter router, string key, object body) =>
        PostAsync(router.Owner, router.Path("block"), key, body);

    private static async Task<HttpResponseMessage> PostAsync(TestUser user, string path, string key, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return await user.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
