using System.Net;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Routers.Data.Statements;
using NetPilot.Testing;
using NetPilot.Web;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests;

public sealed class ClaimRouterTests(RoutersServer server)
{
    [Fact]
    public async Task The_first_who_names_a_router_owns_it()
    {
        var user = await server.UserAsync();
        var routerId = TestRouter.NewId();

        using var claimed = await user.PostAsync("routers", new { routerId, name = "Home" });
        var router = await claimed.ShouldBeJsonAsync(201);
        router.EnumerateObject().Select(p => p.Name).ShouldBe(["routerId", "name", "createdAt", "lastSeenAt", "reachability", "timeZone"]);
        router.GetProperty("routerId").GetString().ShouldBe(routerId);
        router.GetProperty("name").GetString().ShouldBe("Home");
        router.GetProperty("lastSeenAt").GetString().ShouldBeNull();
        router.GetProperty("reachability").GetString().ShouldBe("unknown");
        claimed.Headers.Location!.OriginalString.ShouldBe($"/api/v1/routers/{routerId}");

        using var found = await user.GetAsync($"routers/{routerId}");
        (await found.ShouldBeJsonAsync(200)).GetRawText().ShouldBe(router.GetRawText());
        (await server.ScalarAsync<string>("SELECT user_id::text FROM routers.user_routers WHERE router_id = $1", routerId)).ShouldBe(
            user.Id.ToString()
        );
    }

    [Fact]
    public async Task A_repeat_by_the_owner_is_200_and_changes_nothing_even_at_the_tiers_limit()
    {
        var user = await server.UserAsync("free");
        var router = await user.RouterAsync("Home");

        using var again = await user.PostAsync("routers", new { routerId = router.RouterId, name = "Another" });
        (await again.ShouldBeJsonAsync(200)).GetProperty("name").GetString().ShouldBe("Home");

        using var second = await user.PostAsync("routers", new { routerId = TestRouter.NewId(), name = "Second" });
        await second.ShouldBeProblemAsync(403, "tier_limit_reached");
    }

    [Fact]
    public async Task A_router_of_somebody_else_is_taken_until_it_is_given_up()
    {
        var (owner, other) = (await server.UserAsync(), await server.UserAsync());
        var router = await owner.RouterAsync();

        using var refused = await other.PostAsync("routers", new { routerId = router.RouterId, name = "Mine" });
        await refused.ShouldBeProblemAsync(409, "router_taken");

        using var given = await router.DeleteAsync();
        await given.ShouldBeEmptyAsync(204);
        using var claimed = await other.PostAsync("routers", new { routerId = router.RouterId, name = "Mine" });
        await claimed.ShouldBeJsonAsync(201);
        // The place in the free tier is free again as well.
        await owner.RouterAsync();
    }

    [Fact]
    public async Task The_body_says_which_router_whatever_the_query_says()
    {
        var user = await server.UserAsync();
        var routerId = TestRouter.NewId();
        using var claimed = await user.PostAsync("routers?routerId=another&name=another", new { routerId, name = "Home" });
        var router = await claimed.ShouldBeJsonAsync(201);
        router.GetProperty("routerId").GetString().ShouldBe(routerId);
        router.GetProperty("name").GetString().ShouldBe("Home");
    }

    public static TheoryData<string, string> BadBodies =>
        new()
        {
            { """{"name":"Home"}""", "routerId" },
            { """{"routerId":null,"name":"Home"}""", "routerId" },
            { """{"routerId":"","name":"Home"}""", "routerId" },
            { """{"routerId":"-a","name":"Home"}""", "routerId" },
            { """{"routerId":"a b","name":"Home"}""", "routerId" },
            { """{"routerId":"a/b","name":"Home"}""", "routerId" },
            { """{"routerId":"ä","name":"Home"}""", "routerId" },
            { """{"routerId":"a\u0000","name":"Home"}""", "routerId" },
            { """{"routerId":"a\n","name":"Home"}""", "routerId" },
            { $$"""{"routerId":"{{new string('a', 129)}}","name":"Home"}""", "routerId" },
            { """{"routerId":5,"name":"Home"}""", "routerId" },
            { """{"routerId":"r1"}""", "name" },
            { """{"routerId":"r1","name":null}""", "name" },
            { """{"routerId":"r1","name":""}""", "name" },
            { """{"routerId":"r1","name":"a\tb"}""", "name" },
            { """{"routerId":"r1","name":"a\u0000b"}""", "name" },
            { """{"routerId":"r1","name":"\ud800"}""", "name" },
            { """{"routerId":"r1","name":["a"]}""", "name" },
            { $$"""{"routerId":"r1","name":"{{new string('n', 101)}}"}""", "name" },
        };

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task What_the_contract_does_not_allow_is_400_and_names_the_field(string body, string field)
    {
        var user = await server.UserAsync();
        using var refused = await user.PostAsync("routers", body);
        await refused.ShouldBeProblemAsync(400, "validation_failed", field);
        (await server.ScalarAsync<long>("SELECT count(*) FROM routers.user_routers WHERE user_id = $1", user.Id)).ShouldBe(0);
    }

    [Theory]
    [InlineData("r")]
    [InlineData("0.A_b:C-d")]
    [InlineData(128)]
    public async Task Ids_and_names_may_be_as_long_as_the_contract_says(object id)
    {
        var routerId = id is int length ? TestRouter.NewId().PadRight(length, 'z') : $"{id}{TestRouter.NewId()[..20]}";
        var name = string.Concat(Enumerable.Repeat("🏠", 100));
        var user = await server.UserAsync();
        using var claimed = await user.PostAsync("routers", new { routerId, name });
        (await claimed.ShouldBeJsonAsync(201)).GetProperty("name").GetString().ShouldBe(name);
        using var found = await user.GetAsync($"routers/{routerId}");
        await found.ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task Of_many_users_who_claim_a_router_at_once_one_gets_it()
    {
        var users = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => server.UserAsync()));
        var routerId = TestRouter.NewId();

        var statuses = await Task.WhenAll(users.Select(user => ClaimAsync(user, routerId)));

        statuses.Order().ShouldBe([201, 409, 409, 409, 409, 409, 409, 409]);
        (await server.ScalarAsync<long>("SELECT count(*) FROM routers.user_routers WHERE router_id = $1", routerId)).ShouldBe(1);
        (
            await server.ScalarAsync<long>(
                "SELECT sum(routers) FROM routers.user_router_counts WHERE user_id = ANY ($1)",
                users.Select(user => user.Id).ToArray()
            )
        ).ShouldBe(1);
    }

    [Fact]
    public async Task One_user_who_claims_a_router_many_times_at_once_gets_it_once()
    {
        var user = await server.UserAsync("free");
        var routerId = TestRouter.NewId();
        var statuses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ClaimAsync(user, routerId)));
        statuses.Order().ShouldBe([200, 200, 200, 200, 200, 200, 200, 201]);
    }

    [Fact]
    public async Task The_tiers_limit_is_exact_however_many_routers_are_claimed_at_once()
    {
        var user = await server.UserAsync("pro");
        var statuses = await Task.WhenAll(Enumerable.Range(0, 25).Select(_ => ClaimAsync(user, TestRouter.NewId())));

        statuses.Count(status => status == 201).ShouldBe(RoutersServer.MaxRoutersOfPro);
        statuses.Count(status => status == 403).ShouldBe(25 - RoutersServer.MaxRoutersOfPro);
        (await server.ScalarAsync<long>("SELECT count(*) FROM routers.user_routers WHERE user_id = $1", user.Id)).ShouldBe(
            RoutersServer.MaxRoutersOfPro
        );
    }

    [Fact]
    public async Task Nobody_finds_out_by_trying_which_routers_exist()
    {
        var taken = await server.RouterAsync();
        var prober = await server.UserAsync("pro");
        var own = await prober.RouterAsync();

        var statuses = await Task.WhenAll(Enumerable.Range(0, 15).Select(_ => ClaimAsync(prober, taken.RouterId)));
        statuses.Order().ShouldBe([.. Enumerable.Repeat(409, 10), .. Enumerable.Repeat(429, 5)]);

        // Also for a router that is free, or the refusal itself would tell.
        using var limited = await prober.PostAsync("routers", new { routerId = TestRouter.NewId(), name = "Free" });
        await limited.ShouldBeProblemAsync(429, "rate_limited");
        limited.Headers.RetryAfter!.Delta!.Value.ShouldBeInRange(TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(60));

        (await ClaimAsync(prober, own.RouterId)).ShouldBe(200);
        (await ClaimAsync(await server.UserAsync(), taken.RouterId)).ShouldBe(409);

        // The others are refusals by a clock that ran ahead.
        foreach (var moved in new[] { TimeSpan.FromHours(-1), TimeSpan.FromMinutes(59), TimeSpan.FromDays(3) })
        {
            await server.ExecuteAsync(
                "UPDATE routers.claim_refusals SET refused_at = array_fill(clock_timestamp() + $2, ARRAY[10]) WHERE user_id = $1",
                prober.Id,
                moved
            );
            (await ClaimAsync(prober, taken.RouterId)).ShouldBe(409);
        }
    }

    [Fact]
    public async Task Refusals_are_counted_exactly_however_many_come_at_once()
    {
        var taken = await server.RouterAsync();
        var prober = await server.UserAsync("pro");
        for (var i = 0; i < 9; i++)
        {
            (await ClaimAsync(prober, taken.RouterId)).ShouldBe(409);
        }

        // All of them have looked when the first one counts.
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var locking = new NpgsqlCommand("SELECT 1 FROM routers.claim_refusals WHERE user_id = $1 FOR UPDATE", connection);
        locking.Parameters.Add(new() { Value = prober.Id });
        await locking.ExecuteNonQueryAsync(cancellationToken);
        var claims = Enumerable.Range(0, 4).Select(_ => ClaimAsync(prober, taken.RouterId)).ToArray();
        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<long>(
                    """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%claim_refusals%'
                    """
                )
            ).ShouldBe(4)
        );
        await transaction.CommitAsync(cancellationToken);

        (await Task.WhenAll(claims)).Order().ShouldBe([409, 429, 429, 429]);
    }

    [Fact]
    public async Task The_limit_of_refusals_may_be_a_million()
    {
        var taken = await server.RouterAsync();
        var prober = await server.UserAsync("pro");
        var options = new RoutersOptions { ClaimsPerHour = 1_000_000 };
        options.Refusals().ShouldBeEmpty();
        await server.ExecuteAsync(
            """
            INSERT INTO routers.claim_refusals (user_id, address, refused_at, last_refused_at)
            VALUES ($1, '127.0.0.1', array_fill(now(), ARRAY[999999]), now())
            """,
            prober.Id
        );
        // Each claim writes a million times anew, for which a busy machine may take longer than the server gives a statement.
        await using var database = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(server.ConnectionString) { CommandTimeout = 0 }.ConnectionString
        );
        var claim = new RouterClaim(prober.Id, IPAddress.Loopback, taken.RouterId, "Home", 10, options.ClaimsPerHour);

        (await Should.ThrowAsync<ProblemException>(ClaimAsync)).Problem.Code.ShouldBe(ErrorCodes.RouterTaken);
        (await Should.ThrowAsync<ProblemException>(ClaimAsync)).Problem.Code.ShouldBe(ErrorCodes.RateLimited);

        Task ClaimAsync() =>
            MakeClaim.ExecuteAsync(
                database,
                claim,
                server.Services.GetRequiredService<TimeProvider>(),
                TestContext.Current.CancellationToken
            );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_000_001)]
    public void A_limit_of_refusals_that_is_too_small_or_too_large_is_refused(int limit) =>
        new RoutersOptions { ClaimsPerHour = limit }
            .Refusals()
            .ShouldHaveSingleItem()
            .ShouldStartWith("Routers:ClaimsPerHour");

    private static async Task<int> ClaimAsync(TestUser user, string routerId)
    {
        using var response = await user.PostAsync("routers", new { routerId, name = "Home" });
        return (int)response.StatusCode;
    }
}
