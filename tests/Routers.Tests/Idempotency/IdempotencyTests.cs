using System.Security.Cryptography;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests;

public sealed class IdempotencyTests(RoutersServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repeat_gets_the_first_answer_again()
    {
        var router = await server.ReadyRouterAsync();
        var ip = router.Simulated.Device().Ip;
        using var first = await SendAsync(router, "k1", new { ip, reason = "a" });
        (await router.PostAsync("unblock", new { ip })).Dispose();

        using var repeat = await SendAsync(router, "k1", new { reason = "a", ip });

        (await repeat.ShouldBeJsonAsync(201)).ToString().ShouldBe((await first.ShouldBeJsonAsync(201)).ToString());
        repeat.Headers.Location.ShouldBe(first.Headers.Location);
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Another_body_is_422_and_another_user_or_path_is_another_key()
    {
        var router = await server.ReadyRouterAsync();
        var other = await server.ReadyRouterAsync();
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
        var router = await server.ReadyRouterAsync();
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

    [Theory]
    [InlineData("-1 second", 200)]
    [InlineData("30 minutes", 409)]
    [InlineData("3 days", 200)]
    public async Task A_key_whose_replica_died_is_free_when_its_lock_ends_or_is_longer_than_any(string until, int status)
    {
        var router = await server.ReadyRouterAsync();
        var body = new { ip = router.Simulated.Device().Ip };
        using (await SendAsync(router, "died", body)) { }
        await server.ExecuteAsync(
            $"""
            UPDATE routers.idempotency_keys
            SET status = NULL, content_type = NULL, location = NULL, body = NULL, locked_until = now() + interval '{until}'
            WHERE user_id = $1
            """,
            router.Owner.Id
        );

        using var repeat = await SendAsync(router, "died", body);

        ((int)repeat.StatusCode).ShouldBe(status);
    }

    [Fact]
    public async Task Refusals_of_the_client_are_kept_and_failures_free_the_key()
    {
        var router = await server.ReadyRouterAsync();
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
        var router = await server.ReadyRouterAsync();

        using var response = await SendAsync(router, key, new { ip = router.Simulated.Device().Ip });

        await response.ShouldBeProblemAsync(400, "validation_failed");
        router.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
    }

    [Fact]
    public async Task Claims_take_a_key_too()
    {
        var user = await server.UserAsync();
        var body = new { routerId = TestRouter.NewId(), name = "Home" };
        using var first = await user.PostWithKeyAsync("/api/v1/routers", "claim", body);
        using var repeat = await user.PostWithKeyAsync("/api/v1/routers", "claim", body);

        await first.ShouldBeJsonAsync(201);
        await repeat.ShouldBeJsonAsync(201);
    }

    [Fact]
    public async Task Thirty_two_repeats_at_once_block_once()
    {
        var router = await server.ReadyRouterAsync();
        var body = new { ip = router.Simulated.Device().Ip };

        var responses = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => SendAsync(router, "burst", body)));

        responses.ShouldAllBe(response => (int)response.StatusCode == 201 || (int)response.StatusCode == 409);
        responses.ShouldContain(response => (int)response.StatusCode == 201);
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_client_that_goes_away_leaves_its_request_running_and_gets_the_answer_with_a_repeat()
    {
        var router = await server.ReadyRouterAsync();
        var body = new { ip = router.Simulated.Device().Ip };
        using var hold = server.Commands.AddFault(
            new Fault(FaultKind.Hold) { RouterId = router.RouterId, Operation = SimulatorOperation.Block }
        );
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var first = router.Owner.Http.PostWithKeyAsync(router.Path("block"), "gone", body, gone.Token);
        await hold.WaitForHitAsync(cancellationToken: Ct);
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => first);

        // The server sees meanwhile that the client is gone.
        for (var i = 0; i < 2; i++)
        {
            using var early = await SendAsync(router, "gone", body);
            await early.ShouldBeProblemAsync(409, "request_in_flight");
        }

        hold.Release();
        await Eventually.HoldsAsync(async () =>
        {
            using var repeat = await SendAsync(router, "gone", body);
            await repeat.ShouldBeJsonAsync(201);
        });
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("""{"ip":""", "malformed_json")]
    [InlineData("""{"ip":5}""", "validation_failed")]
    [InlineData("[]", "validation_failed")]
    [InlineData("""{"ip":"192.168.1.7","ip":"192.168.1.8"}""", "validation_failed")]
    public async Task A_body_that_cannot_be_read_is_a_refusal_that_is_kept(string body, string code)
    {
        var router = await server.ReadyRouterAsync();

        using var first = await SendAsync(router, "unread", body);
        using var repeat = await SendAsync(router, "unread", body);
        using var mended = await SendAsync(router, "unread", new { ip = router.Simulated.Device().Ip });

        var problem = await first.ShouldBeProblemAsync(400, code);
        (await repeat.ShouldBeProblemAsync(400, code)).TraceId.ShouldBe(problem.TraceId);
        await mended.ShouldBeProblemAsync(422, "idempotency_key_reused");
    }

    public static TheoryData<string, string?, string, int, string> RefusedForTheirForm =>
        new()
        {
            { "block", "text/plain", "ip=192.168.1.7", 415, "unsupported_media_type" },
            { "block", "application/json", "", 400, "malformed_json" },
            { "block", null, "", 400, "malformed_json" },
            { "block?a=%01", "application/json", "{}", 400, "validation_failed" },
            { "block", "application/json", $$"""{"ip":"{{new string('1', 70_000)}}"}""", 413, "body_too_large" },
        };

    [Theory]
    [MemberData(nameof(RefusedForTheirForm))]
    public async Task A_refusal_of_a_requests_form_is_kept(string below, string? type, string body, int status, string code)
    {
        var router = await server.ReadyRouterAsync();
        Task<HttpResponseMessage> SendOnceAsync() => SendRawAsync(router, below, "form", type, body);

        using var first = await SendOnceAsync();
        using var repeat = await SendOnceAsync();
        using var mended = await SendAsync(router, "form", new { ip = router.Simulated.Device().Ip });

        var problem = await first.ShouldBeProblemAsync(status, code);
        (await repeat.ShouldBeProblemAsync(status, code)).TraceId.ShouldBe(problem.TraceId);
        await mended.ShouldBeProblemAsync(422, "idempotency_key_reused");
    }

    [Fact]
    public async Task A_body_that_breaks_off_leaves_its_key_free()
    {
        var router = await server.ReadyRouterAsync();
        var head = RawHttp.Request(
            "POST",
            router.Path("block"),
            null,
            [
                $"Authorization: Bearer {router.Owner.AccessToken}",
                "Content-Type: application/json",
                "Idempotency-Key: broken",
                "Transfer-Encoding: chunked",
            ]
        );
        (await RawHttp.SendAsync(server.Address, head + "zz\r\n{}\r\n", Ct)).Status.ShouldBe(400);

        using var whole = await SendAsync(router, "broken", new { ip = router.Simulated.Device().Ip });

        await whole.ShouldBeJsonAsync(201);
    }

    [Fact]
    public async Task A_path_of_any_length_takes_a_key()
    {
        var user = await server.UserAsync();
        foreach (var length in new[] { 129, 600, 6000 })
        {
            var path = $"/api/v1/routers/{RandomNumberGenerator.GetHexString(length)}/block";

            using var response = await user.PostWithKeyAsync(path, "long", new { ip = "192.168.1.7" });

            await response.ShouldBeProblemAsync(404, "router_not_found");
        }
    }

    [Fact]
    public async Task A_large_body_needs_no_place_for_temporary_files()
    {
        await using var replica = await server.StartAloneAsync(new() { ["ASPNETCORE_TEMP"] = "/nonexistent" }, Ct);
        using var client = replica.NewClient(await replica.RegisterAsync(Ct));
        var body = $$"""{"routerId":"{{TestRouter.NewId()}}","name":"Home"}""";

        using var response = await client.PostWithKeyAsync("/api/v1/routers", "large", body.PadRight(64 * 1024), Ct);

        await response.ShouldBeJsonAsync(201);
    }

    [Fact]
    public async Task Large_answers_are_kept_as_far_as_there_is_room_and_no_repeat_is_refused()
    {
        var router = await server.ReadyRouterAsync();
        var body = new { items = Enumerable.Repeat(new { ip = "none" }, 2) };
        using var first = await router.Owner.PostWithKeyAsync(router.Path("block/batch"), "first", body);
        await first.ShouldBeJsonAsync(200);
        await server.ExecuteAsync(
            "UPDATE routers.idempotency_keys SET body = body || decode(repeat('20', 64 * 1024 * 1024), 'hex') WHERE user_id = $1",
            router.Owner.Id
        );

        using var repeat = await router.Owner.PostWithKeyAsync(router.Path("block/batch"), "first", body);
        using var another = await router.Owner.PostWithKeyAsync(router.Path("block/batch"), "another", body);
        using var small = await SendAsync(router, "small", new { ip = router.Simulated.Device().Ip });

        await repeat.ShouldBeJsonAsync(200);
        await another.ShouldBeProblemAsync(429, "rate_limited");
        another.Headers.RetryAfter.ShouldNotBeNull();
        await small.ShouldBeJsonAsync(201);
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

    private static async Task<HttpResponseMessage> SendRawAsync(TestRouter router, string below, string key, string? type, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, router.Path(below)) { Content = new StringContent(body) };
        request.Content.Headers.ContentType = type is null ? null : new(type);
        request.Headers.Add("Idempotency-Key", key);
        return await router.Owner.Http.SendAsync(request, Ct);
    }

    private static Task<HttpResponseMessage> SendAsync(TestRouter router, string key, object body) =>
        router.Owner.PostWithKeyAsync(router.Path("block"), key, body);
}
