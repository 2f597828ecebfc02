using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Reconciliation;

/// <summary>
/// Pauses, extra time, schedules and devices that change at random and at once, while answers of the Commands-Server are lost: in the end the router
/// holds what people and schedules want, and nothing else.
/// </summary>
public sealed class RandomChangesTests(PeopleServer server)
{
    private const int Users = 4;
    private const int Changes = 12;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task The_rules_of_the_router_are_what_is_wanted_in_the_end(int seed)
    {
        var home = await server.HomeAsync(6, "pro");
        JsonElement[] people = [await home.AddPersonAsync("Mia", 0, 1), await home.AddPersonAsync("Tom", 2, 3)];
        JsonElement[] schedules =
        [
            await home.AddScheduleAsync("Mia's", people[0], Homes.Present()),
            await home.AddScheduleAsync("Tom's", people[1], Homes.Later()),
            await DeviceScheduleAsync(home),
        ];
        foreach (var operation in new[] { SimulatorOperation.Block, SimulatorOperation.Unblock })
        {
            server.Commands.AddFault(
                new Fault(FaultKind.ResetAfter)
                {
                    RouterId = home.Router.RouterId,
                    Operation = operation,
                    Times = 2,
                }
            );
        }

        await Task.WhenAll(
            Enumerable.Range(0, Users).Select(user => ChangeAsync(home, people, schedules, new Random((seed * 100) + user)))
        );

        await Eventually.HoldsAsync(async () =>
        {
            home.RulesShouldBe(await WantedAsync(home));
            (
                await server.ScalarAsync<long>(
                    "SELECT count(*) FROM people.routers WHERE router_id = $1 AND (next_change_at <= now() OR lease_id IS NOT NULL)",
                    home.Router.RouterId
                )
            ).ShouldBe(0);
        });
    }

    private static async Task<JsonElement> DeviceScheduleAsync(TestHome home)
    {
        using var response = await home.Router.PostAsync(
            "schedules",
            new
            {
                name = "Console",
                deviceId = home.Ids[4],
                windows = new[] { Homes.Present() },
            }
        );
        return await response.ShouldBeJsonAsync(201);
    }

    private static async Task ChangeAsync(TestHome home, JsonElement[] people, JsonElement[] schedules, Random random)
    {
        for (var change = 0; change < Changes; change++)
        {
            var person = people[random.Next(people.Length)];
            var schedule = schedules[random.Next(schedules.Length)];
            var kind = random.Next(8);
            using var response = await (
                kind switch
                {
                    0 => home.Router.PostAsync($"people/{person.Id()}/pause", new { }),
                    1 => home.Router.PostAsync($"people/{person.Id()}/resume"),
                    2 => home.Router.PostAsync($"people/{person.Id()}/allow", new { until = Allowance(random) }),
                    3 => home.Router.PatchAsync($"people/{person.Id()}", new { deviceIds = Some(home, random) }),
                    4 => home.Router.PatchAsync($"schedules/{schedule.Id()}", new { enabled = random.Next(2) == 0 }),
                    5 => home.Router.PatchAsync($"schedules/{schedule.Id()}", new { windows = new[] { SomeWindow(random) } }),
                    6 => home.Router.PatchAsync($"schedules/{schedule.Id()}", new { personId = person.Id() }),
                    _ => home.Router.PostAsync(random.Next(2) == 0 ? "pause" : "resume"),
                }
            );
            if (kind == 2 && (int)response.StatusCode == 400)
            {
                // What is allowed until the next second may come too late.
                await response.ShouldBeProblemAsync(400, "validation_failed");
                continue;
            }

            await response.ShouldBeJsonAsync(200);
        }
    }

    private static DateTimeOffset? Allowance(Random random) =>
        random.Next(3) switch
        {
            0 => null,
            1 => TimeProvider.System.GetUtcNow().AddSeconds(1),
            _ => TimeProvider.System.GetUtcNow().AddHours(1),
        };

    private static Guid[] Some(TestHome home, Random random) => [.. home.Ids.Where(_ => random.Next(2) == 0)];

    private static object SomeWindow(Random random) => random.Next(2) == 0 ? Homes.Present() : Homes.Later();

    /// <summary>The places of the devices that are to be held, by what the API shows of people and schedules.</summary>
    private static async Task<int[]> WantedAsync(TestHome home)
    {
        var people = (await home.ShowAsync("people")).GetProperty("items").EnumerateArray().ToArray();
        var schedules = (await home.ShowAsync("schedules")).GetProperty("items").EnumerateArray().ToArray();
        var active = schedules.Where(schedule => schedule.GetProperty("active").GetBoolean()).ToArray();
        return
        [
            .. Enumerable
                .Range(0, home.Ids.Length)
                .Where(place =>
                {
                    var owner = people.SingleOrDefault(person =>
                        person.GetProperty("deviceIds").EnumerateArray().Any(id => id.GetGuid() == home.Ids[place])
                    );
                    var isOwned = owner.ValueKind == JsonValueKind.Object;
                    var isAllowed = isOwned && owner.GetProperty("allowedUntil").ValueKind == JsonValueKind.String;
                    return (isOwned && owner.GetProperty("paused").GetBoolean())
                        || (!isAllowed && active.Any(schedule => IsOf(schedule, "deviceId", home.Ids[place])))
                        || (isOwned && !isAllowed && active.Any(schedule => IsOf(schedule, "personId", owner.Id())));
                }),
        ];

        static bool IsOf(JsonElement schedule, string field, Guid id) =>
            schedule.GetProperty(field) is { ValueKind: JsonValueKind.String } value && value.GetGuid() == id;
    }
}
