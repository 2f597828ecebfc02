using Microsoft.Extensions.DependencyInjection;
using NetPilot.Blacklist.Settling;
using NetPilot.Testing;
using Shouldly;

namespace NetPilot.Blacklist.Tests;

/// <summary>What the server writes with a look or an attempt, while its workers go on by themselves.</summary>
internal static class Pacing
{
    private const int Attempts = 11;
    private const int LongestPause = 3600;

    /// <summary>
    /// Has the server look at a row once more, where wanted after so many failed attempts. A look that had its turn before does not count. The row as
    /// the look left it, and how long it waits (<c>rest</c>).
    /// </summary>
    public static async Task<Row> LooksAgainAsync(this TestRouter router, Guid rowId, int? attempts = null)
    {
        var server = router.Owner.Server;
        var granted = await server.ScalarAsync<long>("SELECT fence FROM routers.router_turns WHERE router_id = $1", router.RouterId);
        await MakeDueAsync();
        Row row = null!;
        await Eventually.HoldsAsync(async () =>
        {
            row = (
                await server.QueryAsync(
                    "SELECT fence, maybe_sent, settle_at - clock_timestamp() AS rest FROM blacklist.user_blacklists WHERE id = $1",
                    rowId
                )
            ).ShouldHaveSingleItem();
            if (row.Value<long>("fence") is var fence && fence > 0 && fence <= granted)
            {
                // An earlier look has ended, and has put the row off.
                await MakeDueAsync();
            }

            fence.ShouldBeGreaterThan(granted);
            row.Value<bool>("maybe_sent").ShouldBeFalse();
        });
        return row;

        async Task MakeDueAsync()
        {
            await server.ExecuteAsync(
                "UPDATE blacklist.user_blacklists SET attempts = COALESCE($2, attempts), settle_at = now(), fence = 0 WHERE id = $1",
                rowId,
                attempts
            );
            server.Services.GetRequiredService<SettleWorker>().Nudge();
        }
    }

    /// <summary>
    /// Attempt after attempt of a lift is made due, is refused, and puts the next one off twice as long, up to an hour. The number of attempts.
    /// </summary>
    public static async Task<int> BacksOffAsync(this TestRouter router, Func<Task> begin, Func<Task> next)
    {
        var server = router.Owner.Server;
        var before = await server.ScalarAsync<DateTime>("SELECT clock_timestamp()");
        await begin();
        var seen = 0;
        while (seen < Attempts)
        {
            Row row = null!;
            await Eventually.HoldsAsync(async () =>
            {
                row = (
                    await server.QueryAsync(
                        "SELECT *, clock_timestamp() AS read_at FROM blacklist.user_blacklists WHERE router_id = $1",
                        router.RouterId
                    )
                ).ShouldHaveSingleItem();
                // The first pauses are so short that the server may have gone on by itself.
                row.Value<int>("attempts").ShouldBeGreaterThan(seen);
            });
            seen = row.Value<int>("attempts");
            row.Value<string>("state").ShouldBe("lifting");
            row.Value<string>("code").ShouldBe("command_failed");
            var pause = TimeSpan.FromSeconds(Math.Min(LongestPause, 10 << (seen - 1)));
            var due = row.Value<DateTime>("settle_at");
            due.ShouldBeGreaterThanOrEqualTo(before + pause);
            // After such a short pause it may have been claimed again, for a longer time.
            if (seen > 2)
            {
                due.ShouldBeLessThanOrEqualTo(row.Value<DateTime>("read_at") + (pause * 1.1));
            }

            before = row.Value<DateTime>("read_at");
            if (seen < Attempts)
            {
                await next();
            }
        }

        return seen;
    }
}
