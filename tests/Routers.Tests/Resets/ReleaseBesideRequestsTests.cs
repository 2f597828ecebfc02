using Microsoft.Extensions.DependencyInjection;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests.Resets;

/// <summary>Requests that are under way while their router is given up.</summary>
public sealed class ReleaseBesideRequestsTests(RoutersServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_stored_before_the_routers_own_row_went_goes_with_it()
    {
        var router = await server.ReadyRouterAsync();
        await using var connection = await server.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        // The owner's row can be read and changed, and does not go before this transaction ends.
        await using (
            var hold = new NpgsqlCommand("SELECT FROM routers.user_routers WHERE router_id = $1 FOR KEY SHARE", connection)
            {
                Parameters = { new NpgsqlParameter { Value = router.RouterId } },
            }
        )
        {
            await hold.ExecuteNonQueryAsync(Ct);
        }

        var given = router.DeleteAsync();
        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<long>(
                    "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))",
                    connection.ProcessID
                )
            ).ShouldBe(1)
        );
        await ApiCalls.PreparedAsync(() => router.PostAsync("scan"));
        using var block = await router.PostAsync("block", new { ip = router.Simulated.Device().Ip });
        await block.ShouldBeJsonAsync(201);
        using var limited = await router.PostAsync("blacklist", new { ip = router.Simulated.Device(1).Ip });
        await limited.ShouldBeJsonAsync(201);
        using var person = await router.PostAsync("people", new { name = "Mia" });
        await person.ShouldBeJsonAsync(201);
        await transaction.CommitAsync(Ct);

        using var gone = await given;

        await gone.ShouldBeEmptyAsync(204);
        string[] tables =
        [
            "routers.user_routers",
            "devices.user_devices",
            "blacklist.user_blacklists",
            "blacklist.user_limited_devices",
            "blacklist.router_checks",
            "people.people",
            "people.routers",
        ];
        foreach (var table in tables)
        {
            (await server.ScalarAsync<long>($"SELECT count(*) FROM {table} WHERE router_id = $1", router.RouterId)).ShouldBe(0, table);
        }

        (
            await server.ScalarAsync<int>(
                "SELECT COALESCE(sum(live), 0)::int FROM blacklist.rule_counts WHERE user_id = $1",
                router.Owner.Id
            )
        ).ShouldBe(0);
    }
}
