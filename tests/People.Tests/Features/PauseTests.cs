using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Features;

public sealed class PauseTests(PeopleServer server)
{
    [Fact]
    public async Task A_pause_blocks_the_persons_devices_and_its_end_lets_them_go()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1);

        var paused = await home.CommandAsync(mia, "pause");

        home.RulesShouldBe(0, 1);
        (Flag(paused, "paused"), Flag(paused, "blocked")).ShouldBe((true, true));
        paused.GetProperty("pausedUntil").ValueKind.ShouldBe(JsonValueKind.Null);
        Results(paused).ShouldBe([$"{home.Ids[0]} blocked ", $"{home.Ids[1]} blocked "], ignoreOrder: true);
        var hold = (await home.HoldsAsync(0)).ShouldHaveSingleItem();
        hold.GetProperty("kind").GetString().ShouldBe("pause");
        hold.GetProperty("personId").GetGuid().ShouldBe(mia.Id());
        hold.GetProperty("createdBy").GetGuid().ShouldBe(home.Router.Owner.Id);

        var resumed = await home.CommandAsync(mia, "resume");

        home.RulesShouldBe();
        (Flag(resumed, "paused"), Flag(resumed, "blocked")).ShouldBe((false, false));
        Results(resumed).ShouldBe([$"{home.Ids[0]} lifted ", $"{home.Ids[1]} lifted "], ignoreOrder: true);
        (await home.ActivityAsync("pause")).ShouldBe(["Mia by owner"]);
        (await home.ActivityAsync("resume")).ShouldBe(["Mia by owner"]);
    }

    [Fact]
    public async Task A_timed_pause_ends_by_itself()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        var until = TimeProvider.System.GetUtcNow().AddHours(1);

        var paused = await home.CommandAsync(mia, "pause", new { until });

        paused.GetProperty("pausedUntil").GetDateTimeOffset().ShouldBe(until, TimeSpan.FromMilliseconds(1));
        paused.GetProperty("nextChangeAt").GetRawText().ShouldBe(paused.GetProperty("pausedUntil").GetRawText());
        await server.ExecuteAsync("UPDATE people.people SET paused_until = now() WHERE router_id = $1", home.Router.RouterId);
        await home.DueAsync();
        await Eventually.HoldsAsync(async () =>
        {
            home.RulesShouldBe();
            (await home.ActivityAsync("resume")).ShouldBe(["Mia by server"]);
        });
        Flag(await home.ShowAsync($"people/{mia.Id()}"), "paused").ShouldBeFalse();
        (
            await server.ScalarAsync<long>(
                "SELECT count(*) FROM people.people WHERE router_id = $1 AND paused_since IS NOT NULL",
                home.Router.RouterId
            )
        ).ShouldBe(0);
    }

    [Fact]
    public async Task A_second_pause_replaces_the_first_one_and_sends_nothing_for_what_is_blocked()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1);
        await home.CommandAsync(mia, "pause", new { until = TimeProvider.System.GetUtcNow().AddHours(1) });
        using var unblocked = await home.Router.PostAsync("unblock", new { deviceId = home.Ids[1] });
        await unblocked.ShouldBeJsonAsync(200);

        var again = await home.CommandAsync(mia, "pause");

        again.GetProperty("pausedUntil").ValueKind.ShouldBe(JsonValueKind.Null);
        home.RulesShouldBe(0, 1);
        home.Router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(3);
        (await home.HoldsAsync(0)).ShouldHaveSingleItem().GetProperty("until").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task A_device_that_joins_a_paused_person_is_held_at_once_and_one_that_leaves_is_released()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        var tom = await home.AddPersonAsync("Tom", 1);
        await home.CommandAsync(mia, "pause");
        home.RulesShouldBe(0);

        await home.ChangeAsync($"people/{mia.Id()}", new { deviceIds = new[] { home.Ids[1], home.Ids[2] } });
        home.RulesShouldBe(1, 2);

        await home.ChangeAsync($"people/{tom.Id()}", new { deviceIds = new[] { home.Ids[1] } });
        home.RulesShouldBe(2);

        await home.RemoveAsync($"people/{mia.Id()}");
        home.RulesShouldBe();
        (await home.HoldsAsync(2)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_users_own_block_outlasts_the_pause()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1);
        using var blocked = await home.Router.PostAsync("block", new { deviceId = home.Ids[0] });
        await blocked.ShouldBeJsonAsync(201);
        await home.CommandAsync(mia, "pause");
        (await home.HoldKindsAsync(0)).ShouldBe(["manual", "pause"]);

        var resumed = await home.CommandAsync(mia, "resume");

        home.RulesShouldBe(0);
        Results(resumed).ShouldBe([$"{home.Ids[0]} blocked ", $"{home.Ids[1]} lifted "], ignoreOrder: true);
        Flag(resumed, "blocked").ShouldBeTrue();
        Results(await home.CommandAsync(mia, "resume")).ShouldBe([$"{home.Ids[0]} blocked ", $"{home.Ids[1]} lifted "], ignoreOrder: true);
    }

    [Fact]
    public async Task A_device_that_was_let_through_from_a_schedule_is_told_by_what_holds_it_now()
    {
        var home = await server.HomeAsync(1);
        var mia = await LetThroughAsync(home);
        Results(await home.CommandAsync(mia, "pause")).ShouldBe([$"{home.Ids[0]} blocked "]);

        // The pause holds the device already.
        var until = TimeProvider.System.GetUtcNow().AddHours(1);
        Results(await home.CommandAsync(mia, "pause", new { until })).ShouldBe([$"{home.Ids[0]} blocked "]);

        home.RulesShouldBe(0);
        home.Router.Simulated.Online = false;
        var resumed = await home.CommandAsync(mia, "resume", new { }, 202, "respond-async");
        Results(resumed).ShouldHaveSingleItem().ShouldStartWith($"{home.Ids[0]} lifting ");
        home.RulesShouldBe(0);
    }

    [Fact]
    public async Task A_device_that_was_let_through_from_a_schedule_and_blocked_again_by_its_user_is_told_as_blocked()
    {
        var home = await server.HomeAsync(1);
        var mia = await LetThroughAsync(home);
        Results(await home.CommandAsync(mia, "resume")).ShouldBe([$"{home.Ids[0]} lifted "]);
        await home.PostAsync("block", new { deviceId = home.Ids[0] }, 201);

        Results(await home.CommandAsync(mia, "resume")).ShouldBe([$"{home.Ids[0]} blocked "]);
        var until = TimeProvider.System.GetUtcNow().AddHours(1);
        Results(await home.CommandAsync(mia, "allow", new { until })).ShouldBe([$"{home.Ids[0]} blocked "]);
        home.RulesShouldBe(0);
    }

    [Fact]
    public async Task A_device_for_which_a_command_has_nothing_to_do_is_told_by_its_block()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1, 2);
        await home.PostAsync("block", new { deviceId = home.Ids[1] }, 201);
        home.Router.Simulated.Online = false;
        await home.PostAsync("block", new { deviceId = home.Ids[0] }, 202, "wait=10");
        await home.PostAsync("unblock", new { deviceId = home.Ids[1] }, 202, "wait=10");
        var blocks = (await home.ShowAsync("blocked")).GetProperty("items").EnumerateArray();

        var resumed = await home.CommandAsync(mia, "resume", new { }, 202, "respond-async");

        var told = Results(resumed);
        told.ShouldBe(
            [.. blocks.Select(block => Told(block.GetProperty("deviceId").GetGuid(), block)), $"{home.Ids[2]} lifted "],
            ignoreOrder: true
        );
        // With the code of the dialect for a router that is away.
        told.Count(result => result.StartsWith($"{home.Ids[0]} applying ", StringComparison.Ordinal) && !result.EndsWith(' ')).ShouldBe(1);
        told.Count(result => result.StartsWith($"{home.Ids[1]} lifting ", StringComparison.Ordinal) && !result.EndsWith(' ')).ShouldBe(1);
    }

    [Fact]
    public async Task What_cannot_be_reached_goes_on_by_itself()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        home.Router.Simulated.Online = false;

        var paused = await home.CommandAsync(mia, "pause");

        Flag(paused, "paused").ShouldBeTrue();
        Results(paused).ShouldHaveSingleItem().ShouldStartWith($"{home.Ids[0]} applying ");
        home.Router.Simulated.Online = true;
        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET settle_at = now() WHERE router_id = $1 AND settle_at IS NOT NULL AND NOT maybe_sent",
            home.Router.RouterId
        );
        await Eventually.HoldsAsync(() =>
        {
            home.RulesShouldBe(0);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task With_a_preference_the_answer_is_202_while_commands_are_under_way()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        using var held = server.Commands.AddFault(
            new Fault(FaultKind.Hold) { RouterId = home.Router.RouterId, Operation = SimulatorOperation.Block }
        );

        var paused = await home.CommandAsync(mia, "pause", new { }, 202, "respond-async");

        Results(paused).ShouldBe([$"{home.Ids[0]} applying "]);
        await server.Commands.WaitForCallAsync(
            SimulatorOperation.Block,
            home.Router.RouterId,
            cancellationToken: TestContext.Current.CancellationToken
        );
        held.Release();
        await Eventually.HoldsAsync(() =>
        {
            home.RulesShouldBe(0);
            return Task.CompletedTask;
        });
        Results(await home.CommandAsync(mia, "pause", new { }, 200, "wait=10")).ShouldBe([$"{home.Ids[0]} blocked "]);
    }

    [Fact]
    public async Task What_is_stored_while_a_replica_that_died_has_the_router_is_under_way()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);

        await LeaseAsync();
        var paused = await home.CommandAsync(mia, "pause", new { }, 202, "respond-async");

        Flag(paused, "paused").ShouldBeTrue();
        Results(paused).ShouldBe([$"{home.Ids[0]} applying "]);
        Results(await home.CommandAsync(mia, "pause")).ShouldBe([$"{home.Ids[0]} applying "]);
        await PutInForceAsync(0);

        await LeaseAsync();
        var resumed = await home.CommandAsync(mia, "resume", new { }, 202, "respond-async");

        Results(resumed).ShouldBe([$"{home.Ids[0]} lifting "]);
        await PutInForceAsync();

        Task LeaseAsync() =>
            server.ExecuteAsync(
                "UPDATE people.routers SET lease_id = gen_random_uuid(), leased_until = now() + interval '1 hour' WHERE router_id = $1",
                home.Router.RouterId
            );

        async Task PutInForceAsync(params int[] rules)
        {
            await home.DueAsync();
            await Eventually.HoldsAsync(async () =>
            {
                home.RulesShouldBe(rules);
                (
                    await server.ScalarAsync<long>(
                        "SELECT count(*) FROM people.routers WHERE router_id = $1 AND lease_id IS NULL",
                        home.Router.RouterId
                    )
                ).ShouldBe(1);
            });
        }
    }

    [Fact]
    public async Task Everybody_is_paused_and_resumed_at_once()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.AddPersonAsync("Tom", 1);
        await home.CommandAsync(mia, "pause");

        using var paused = await home.Router.PostAsync("pause", new { until = TimeProvider.System.GetUtcNow().AddHours(1) });

        var people = (await paused.ShouldBeJsonAsync(200)).GetProperty("people").EnumerateArray().ToArray();
        people.Select(person => person.GetProperty("name").GetString()).ShouldBe(["Tom", "Mia"]);
        people.ShouldAllBe(person => Flag(person, "paused") && Flag(person, "blocked"));
        home.RulesShouldBe(0, 1);

        using var resumed = await home.Router.PostAsync("resume");

        (await resumed.ShouldBeJsonAsync(200)).GetProperty("people").EnumerateArray().ShouldAllBe(person => !Flag(person, "paused"));
        home.RulesShouldBe();
        (await home.ActivityAsync("pause")).ShouldBe(["Mia by owner", "Mia by owner", "Tom by owner"], ignoreOrder: true);
        using var nobody = await (await server.HomeAsync(1)).Router.PostAsync("pause");
        (await nobody.ShouldBeJsonAsync(200)).GetProperty("people").GetArrayLength().ShouldBe(0);
    }

    [Theory]
    [InlineData(null, 1, null)]
    [InlineData(3, 1, 3)]
    [InlineData(1, 3, 3)]
    [InlineData(3, null, null)]
    public async Task The_pause_of_everybody_does_not_cut_a_longer_one_short(int? hours, int? hoursOfAll, int? hoursLeft)
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.AddPersonAsync("Tom", 1);
        var now = TimeProvider.System.GetUtcNow();
        await home.CommandAsync(mia, "pause", new { until = In(hours) });

        using var paused = await home.Router.PostAsync("pause", new { until = In(hoursOfAll) });

        var people = (await paused.ShouldBeJsonAsync(200)).GetProperty("people").EnumerateArray().ToArray();
        people.Select(person => HoursOf(person.GetProperty("pausedUntil"))).ShouldBe([hoursOfAll, hoursLeft]);
        HoursOf((await home.HoldsAsync(0)).ShouldHaveSingleItem().GetProperty("until")).ShouldBe(hoursLeft);
        home.RulesShouldBe(0, 1);

        DateTimeOffset? In(int? some) => some is { } number ? now.AddHours(number) : null;

        int? HoursOf(JsonElement until) =>
            until.ValueKind == JsonValueKind.Null ? null : (int)Math.Round((until.GetDateTimeOffset() - now).TotalHours);
    }

    [Fact]
    public async Task More_devices_than_the_tier_has_blocks_are_told_and_held_when_there_is_room()
    {
        var home = await server.HomeAsync(5);
        var mia = await home.AddPersonAsync("Mia", 0, 1, 2, 3, 4);

        var paused = await home.CommandAsync(mia, "pause");

        Results(paused).Count(result => result.EndsWith(" blocked ", StringComparison.Ordinal)).ShouldBe(4);
        Results(paused).Count(result => result.EndsWith(" failed tier_limit_reached", StringComparison.Ordinal)).ShouldBe(1);
        await server.ExecuteAsync("UPDATE identity.users SET tier = 'pro' WHERE id = $1", home.Router.Owner.Id);
        await home.DueAsync();
        await Eventually.HoldsAsync(() =>
        {
            home.RulesShouldBe(0, 1, 2, 3, 4);
            return Task.CompletedTask;
        });
    }

    [Theory]
    [InlineData("pause", """{"until":"2020-01-01T00:00:00Z"}""", "until")]
    [InlineData("pause", """{"until":"2099-01-01T00:00:00Z"}""", "until")]
    [InlineData("pause", """{"until":"tomorrow"}""", "until")]
    [InlineData("pause", """{"until":7}""", "until")]
    [InlineData("allow", """{}""", "until")]
    [InlineData("allow", """{"until":"2020-01-01T00:00:00Z"}""", "until")]
    [InlineData("allow", """{"until":true}""", "until")]
    public async Task A_time_that_is_none_is_400_and_nothing_happens(string command, string body, string field)
    {
        var home = await server.HomeAsync(1);
        var mia = await home.AddPersonAsync("Mia", 0);

        using var refused = await home.Router.PostAsync($"people/{mia.Id()}/{command}", body);

        await refused.ShouldBeProblemAsync(400, "validation_failed", field);
        (await home.ShowAsync($"people/{mia.Id()}")).GetRawText().ShouldBe(mia.GetRawText());
        home.RulesShouldBe();
    }

    private static bool Flag(JsonElement person, string name) => person.GetProperty(name).GetBoolean();

    private static string[] Results(JsonElement person) =>
        [.. person.GetProperty("results").EnumerateArray().Select(result => Told(result.GetProperty("deviceId").GetGuid(), result))];

    private static string Told(Guid deviceId, JsonElement told) =>
        $"{deviceId} {told.GetProperty("state").GetString()} {told.GetProperty("code").GetString()}";

    /// <summary>A person whose schedule is in a window, and whose device was let through from it.</summary>
    private static async Task<JsonElement> LetThroughAsync(TestHome home)
    {
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.AddScheduleAsync("Bedtime", mia, Homes.Present());
        await home.PostAsync("unblock", new { deviceId = home.Ids[0] }, 200);
        home.RulesShouldBe();
        return mia;
    }
}
