using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Features;

public sealed class ScheduleTests(PeopleServer server)
{
    [Fact]
    public async Task A_schedule_holds_from_the_moment_it_is_made_until_it_goes()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1);

        var schedule = await home.AddScheduleAsync("Bedtime", mia, Homes.Present());

        home.RulesShouldBe(0, 1);
        schedule
            .EnumerateObject()
            .Select(field => field.Name)
            .ShouldBe([
                "id",
                "name",
                "personId",
                "deviceId",
                "enabled",
                "windows",
                "exceptions",
                "active",
                "activeUntil",
                "nextChangeAt",
                "createdAt",
            ]);
        (Flag(schedule, "enabled"), Flag(schedule, "active")).ShouldBe((true, true));
        schedule.GetProperty("activeUntil").GetRawText().ShouldBe(schedule.GetProperty("nextChangeAt").GetRawText());
        var hold = (await home.HoldsAsync(0)).ShouldHaveSingleItem();
        hold.GetProperty("kind").GetString().ShouldBe("schedule");
        hold.GetProperty("scheduleId").GetGuid().ShouldBe(schedule.Id());
        hold.GetProperty("personId").GetGuid().ShouldBe(mia.Id());
        hold.GetProperty("until").GetRawText().ShouldBe(schedule.GetProperty("activeUntil").GetRawText());
        (await home.ShowAsync($"schedules/{schedule.Id()}")).GetRawText().ShouldBe(schedule.GetRawText());
        (await home.ShowAsync("schedules")).GetProperty("items").EnumerateArray().ShouldHaveSingleItem().Id().ShouldBe(schedule.Id());

        var off = await home.ChangeAsync($"schedules/{schedule.Id()}", new { enabled = false });
        home.RulesShouldBe();
        (Flag(off, "active"), off.GetProperty("nextChangeAt").ValueKind).ShouldBe((false, JsonValueKind.Null));

        await home.ChangeAsync($"schedules/{schedule.Id()}", new { enabled = true, name = "Night" });
        home.RulesShouldBe(0, 1);
        await home.RemoveAsync($"schedules/{schedule.Id()}");
        home.RulesShouldBe();
        (await home.ActivityAsync("schedule")).ShouldBe(["Bedtime by owner", "Bedtime by owner", "Night by owner", "Night by owner"]);
    }

    [Fact]
    public async Task A_schedule_is_for_one_device_or_for_a_person_and_can_go_from_one_to_the_other()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        using var added = await home.Router.PostAsync(
            "schedules",
            new
            {
                name = "Console",
                deviceId = home.Ids[2],
                windows = new[] { Homes.Present() },
            }
        );
        var schedule = await added.ShouldBeJsonAsync(201);
        home.RulesShouldBe(2);

        var moved = await home.ChangeAsync($"schedules/{schedule.Id()}", new { personId = mia.Id() });

        home.RulesShouldBe(0);
        moved.GetProperty("deviceId").ValueKind.ShouldBe(JsonValueKind.Null);
        (await home.ChangeAsync($"schedules/{schedule.Id()}", new { personId = (Guid?)null, deviceId = home.Ids[1] }))
            .GetProperty("deviceId")
            .GetGuid()
            .ShouldBe(home.Ids[1]);
        home.RulesShouldBe(1);
        using var neither = await home.Router.PatchAsync($"schedules/{schedule.Id()}", new { deviceId = (Guid?)null });
        await neither.ShouldBeProblemAsync(400, "validation_failed", "personId");
        using var both = await home.Router.PatchAsync($"schedules/{schedule.Id()}", new { personId = mia.Id(), deviceId = home.Ids[1] });
        await both.ShouldBeProblemAsync(400, "validation_failed", "personId");
        home.RulesShouldBe(1);
    }

    [Fact]
    public async Task A_hold_follows_its_schedule_from_a_person_to_one_of_the_persons_devices_and_back()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        var schedule = await home.AddScheduleAsync("Bedtime", mia, Homes.Present());
        (await PersonAsync()).ShouldBe(mia.Id());

        await home.ChangeAsync($"schedules/{schedule.Id()}", new { personId = (Guid?)null, deviceId = home.Ids[0] });
        (await PersonAsync()).ShouldBeNull();

        await home.ChangeAsync($"schedules/{schedule.Id()}", new { personId = mia.Id(), deviceId = (Guid?)null });
        (await PersonAsync()).ShouldBe(mia.Id());
        home.RulesShouldBe(0);
        home.Router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
        home.Router.CallsOf(SimulatorOperation.Unblock).ShouldBeEmpty();

        async Task<Guid?> PersonAsync()
        {
            var person = (await home.HoldsAsync(0)).ShouldHaveSingleItem().GetProperty("personId");
            return person.ValueKind == JsonValueKind.Null ? null : person.GetGuid();
        }
    }

    [Fact]
    public async Task Extra_time_beats_schedules_and_neither_a_pause_nor_a_users_own_block()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1);
        await home.AddScheduleAsync("Bedtime", mia, Homes.Present());
        using var ownSchedule = await home.Router.PostAsync(
            "schedules",
            new
            {
                name = "Console",
                deviceId = home.Ids[0],
                windows = new[] { Homes.Present() },
            }
        );
        await ownSchedule.ShouldBeJsonAsync(201);
        var until = TimeProvider.System.GetUtcNow().AddHours(1);

        var allowed = await home.CommandAsync(mia, "allow", new { until });

        home.RulesShouldBe();
        allowed.GetProperty("allowedUntil").GetDateTimeOffset().ShouldBe(until, TimeSpan.FromMilliseconds(1));
        allowed.GetProperty("nextChangeAt").GetRawText().ShouldBe(allowed.GetProperty("allowedUntil").GetRawText());
        using var blocked = await home.Router.PostAsync("block", new { deviceId = home.Ids[0] });
        await blocked.ShouldBeJsonAsync(201);
        await home.CommandAsync(mia, "pause");
        home.RulesShouldBe(0, 1);
        await home.CommandAsync(mia, "allow", new { until = until.AddHours(1) });
        home.RulesShouldBe(0, 1);
        await home.CommandAsync(mia, "resume");
        home.RulesShouldBe(0);

        await home.CommandAsync(mia, "allow", new { until = (DateTimeOffset?)null });
        home.RulesShouldBe(0, 1);
        (await home.HoldKindsAsync(0)).ShouldBe(["manual", "schedule", "schedule"]);
        (await home.ActivityAsync("allow")).ShouldBe(["Mia by owner", "Mia by owner", "Mia by owner"]);
    }

    [Fact]
    public async Task Extra_time_ends_by_itself_within_the_window()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1);
        await home.AddScheduleAsync("Bedtime", mia, Homes.Present());

        await home.CommandAsync(mia, "allow", new { until = TimeProvider.System.GetUtcNow().AddHours(1) });

        home.RulesShouldBe();
        await server.ExecuteAsync("UPDATE people.people SET allowed_until = now() WHERE router_id = $1", home.Router.RouterId);
        await home.DueAsync();
        await Eventually.HoldsAsync(async () =>
        {
            home.RulesShouldBe(0, 1);
            (await home.ActivityAsync("schedule")).ShouldBe(["Bedtime by owner", "Bedtime by server"]);
        });
        (await home.ShowAsync($"people/{mia.Id()}")).GetProperty("allowedUntil").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task An_unblock_lets_a_device_through_until_the_window_ends_and_no_longer()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1);
        var schedule = await home.AddScheduleAsync("Bedtime", mia, Homes.Present());

        using var unblocked = await home.Router.PostAsync("unblock", new { deviceId = home.Ids[0] });

        await unblocked.ShouldBeJsonAsync(200);
        home.RulesShouldBe(1);
        await home.ChangeAsync($"schedules/{schedule.Id()}", new { name = "Night" });
        home.RulesShouldBe(1);

        // Times at which the schedule does not hold the device do not end that.
        await home.CommandAsync(mia, "allow", new { until = TimeProvider.System.GetUtcNow().AddHours(1) });
        home.RulesShouldBe();
        await home.CommandAsync(mia, "allow", new { until = (DateTimeOffset?)null });
        home.RulesShouldBe(1);
        await home.ChangeAsync($"schedules/{schedule.Id()}", new { enabled = false });
        home.RulesShouldBe();
        await home.ChangeAsync($"schedules/{schedule.Id()}", new { enabled = true });
        home.RulesShouldBe(1);
        await home.ChangeAsync($"people/{mia.Id()}", new { deviceIds = new[] { home.Ids[1] } });
        home.RulesShouldBe(1);
        await home.ChangeAsync($"people/{mia.Id()}", new { deviceIds = new[] { home.Ids[0], home.Ids[1] } });
        home.RulesShouldBe(1);

        // The next window, as it were: the unblock was before this one.
        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET let_through_at = let_through_at - interval '1 day' WHERE router_id = $1",
            home.Router.RouterId
        );
        await home.DueAsync();
        await Eventually.HoldsAsync(() =>
        {
            home.RulesShouldBe(0, 1);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task A_window_that_a_change_makes_after_the_one_that_was_let_through_holds_also_without_an_end()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1);
        var schedule = await home.AddScheduleAsync("Bedtime", mia, Homes.Present());
        using var unblocked = await home.Router.PostAsync("unblock", new { deviceId = home.Ids[0] });
        await unblocked.ShouldBeJsonAsync(200);
        home.RulesShouldBe(1);

        await home.ChangeAsync($"schedules/{schedule.Id()}", new { windows = new[] { Homes.Later() } });
        home.RulesShouldBe();
        var days = new[] { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
        var windows = new[]
        {
            new
            {
                days,
                from = "00:00",
                to = "24:00",
            },
        };
        var changed = await home.ChangeAsync($"schedules/{schedule.Id()}", new { windows });

        Flag(changed, "active").ShouldBeTrue();
        home.RulesShouldBe(0, 1);
    }

    [Fact]
    public async Task A_time_zone_that_this_build_does_not_have_is_logged_once_and_its_schedules_go_by_UTC()
    {
        var home = await server.HomeAsync(1);
        var mia = await home.AddPersonAsync("Mia", 0);
        // A replica of a later build has stored it.
        var zone = $"Mars/{home.Router.RouterId[^8..]}";
        await server.ExecuteAsync("UPDATE routers.user_routers SET time_zone = $2 WHERE router_id = $1", home.Router.RouterId, zone);

        await home.AddScheduleAsync("Bedtime", mia, Homes.Present());
        await home.ChangeAsync($"people/{mia.Id()}", new { color = "#1e88e5" });

        home.RulesShouldBe(0);
        var line = server.Logs.Containing(zone).Where(line => line.Message.Contains("go by UTC")).ShouldHaveSingleItem();
        line.Message.ShouldContain(home.Router.RouterId);
        line.Message.ShouldMatch("TZDB: 20[0-9]{2}[a-z]");
    }

    [Fact]
    public async Task A_change_of_the_time_zone_takes_effect_at_once()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        // Four hours from now in UTC, and now in a zone four hours ahead of it.
        var now = TimeProvider.System.GetUtcNow().AddHours(4);
        var schedule = await home.AddScheduleAsync(
            "Bedtime",
            mia,
            new
            {
                days = new[] { "mon", "tue", "wed", "thu", "fri", "sat", "sun" },
                from = now.AddHours(-1).ToString("HH:mm"),
                to = now.AddHours(1).ToString("HH:mm"),
            }
        );
        home.RulesShouldBe();

        await home.ChangeAsync("", new { timeZone = "Asia/Dubai" });

        await Eventually.HoldsAsync(() =>
        {
            home.RulesShouldBe(0);
            return Task.CompletedTask;
        });
        Flag(await home.ShowAsync($"schedules/{schedule.Id()}"), "active").ShouldBeTrue();
        await home.ChangeAsync("", new { timeZone = "UTC" });
        await Eventually.HoldsAsync(() =>
        {
            home.RulesShouldBe();
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task Occurrences_are_in_utc_and_from_the_schedule_alone()
    {
        var home = await server.HomeAsync(1);
        await home.ChangeAsync("", new { timeZone = "US/Eastern" });
        var mia = await home.AddPersonAsync("Mia", 0);
        // New York jumps on 2026-03-08 from 02:00 to 03:00 (07:00 UTC).
        var schedule = await home.AddScheduleAsync(
            "Bedtime",
            mia,
            new
            {
                days = new[] { "sat", "sun" },
                from = "21:00",
                to = "02:30",
            },
            new { date = "2026-03-14", windows = new[] { new { from = "22:00", to = "24:00" } } }
        );
        await home.ChangeAsync($"schedules/{schedule.Id()}", new { enabled = false });

        var shown = await home.ShowAsync($"schedules/{schedule.Id()}/occurrences?from=2026-03-07T00:00:00Z&days=9");

        shown
            .GetProperty("items")
            .EnumerateArray()
            .Select(item => $"{item.GetProperty("startsAt").GetString()} {item.GetProperty("endsAt").GetString()}")
            .ShouldBe([
                "2026-03-08T02:00:00Z 2026-03-08T07:00:00Z",
                "2026-03-09T01:00:00Z 2026-03-09T06:30:00Z",
                "2026-03-15T02:00:00Z 2026-03-15T04:00:00Z",
            ]);
        (await home.ShowAsync($"schedules/{schedule.Id()}/occurrences")).GetProperty("items").GetArrayLength().ShouldBeInRange(2, 3);
    }

    [Theory]
    [InlineData("days=0", "days")]
    [InlineData("days=61", "days")]
    [InlineData("days=x", "days")]
    [InlineData("from=today", "from")]
    [InlineData("from=2026-02-30T00:00:00Z", "from")]
    [InlineData("from=2026-03-01", "from")]
    [InlineData("from=9999-12-31T23:59:59Z", "from")]
    [InlineData("from=", "from")]
    public async Task Occurrences_that_are_asked_for_wrongly_are_400(string query, string field)
    {
        var home = await server.HomeAsync(1);
        var schedule = await home.AddScheduleAsync("Bedtime", await home.AddPersonAsync("Mia", 0), Homes.Later());

        using var refused = await home.Router.GetAsync($"schedules/{schedule.Id()}/occurrences?{query}");

        await refused.ShouldBeProblemAsync(400, "validation_failed", field);
    }

    [Fact]
    public async Task There_are_a_hundred_schedules_at_most_however_many_ask_at_once()
    {
        var home = await server.HomeAsync(1);
        var mia = await home.AddPersonAsync("Mia", 0);
        await server.ExecuteAsync(
            """
            INSERT INTO people.schedules (id, user_id, router_id, name, person_id, enabled, windows, exceptions, created_at)
            SELECT gen_random_uuid(), $1, $2, 'Schedule ' || number, $3, false, '[{"days":["mon"],"from":"21:00","to":"22:00"}]', '[]', now()
            FROM generate_series(1, 97) AS number
            """,
            home.Router.Owner.Id,
            home.Router.RouterId,
            mia.Id()
        );

        var body = new
        {
            name = "One more",
            personId = mia.Id(),
            windows = new[] { Homes.Later() },
        };
        var more = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => home.Router.PostAsync("schedules", body)));

        more.Count(response => (int)response.StatusCode == 201).ShouldBe(3);
        await more.First(response => (int)response.StatusCode != 201).ShouldBeProblemAsync(409, "limit_reached");
        Array.ForEach(more, response => response.Dispose());
    }

    [Fact]
    public async Task People_and_devices_of_others_are_unknown()
    {
        var (home, other) = (await server.HomeAsync(1), await server.HomeAsync(1));
        var (mine, theirs) = (await home.AddPersonAsync("Mia"), await other.AddPersonAsync("Tom"));
        object[] windows = [Homes.Present()];
        var schedule = await home.AddScheduleAsync("Bedtime", mine, windows[0]);

        using var person = await home.Router.PostAsync(
            "schedules",
            new
            {
                name = "Bad",
                personId = theirs.Id(),
                windows,
            }
        );
        using var device = await home.Router.PostAsync(
            "schedules",
            new
            {
                name = "Bad",
                deviceId = other.Ids[0],
                windows,
            }
        );
        using var changed = await home.Router.PatchAsync($"schedules/{schedule.Id()}", new { personId = theirs.Id() });
        using var shown = await other.Router.GetAsync($"schedules/{schedule.Id()}");
        using var removed = await other.Router.DeleteAsync($"schedules/{schedule.Id()}");

        await person.ShouldBeProblemAsync(404, "person_not_found");
        await device.ShouldBeProblemAsync(404, "device_not_found");
        await changed.ShouldBeProblemAsync(404, "person_not_found");
        await shown.ShouldBeProblemAsync(404, "schedule_not_found");
        await removed.ShouldBeProblemAsync(404, "schedule_not_found");
        (await home.ShowAsync("schedules")).GetProperty("items").GetArrayLength().ShouldBe(1);
        (other.Router.Simulated.Rules.Count, home.Router.Simulated.Rules.Count).ShouldBe((0, 0));
    }

    private static (string Body, string Field)[] Malformed =>
        [
            ("""{"personId":"ID","windows":[W]}""", "name"),
            ("""{"name":null,"personId":"ID","windows":[W]}""", "name"),
            ("""{"name":"","personId":"ID","windows":[W]}""", "name"),
            ("""{"name":"012345678901234567890123456789012345678901234567890","personId":"ID","windows":[W]}""", "name"),
            ("""{"name":"S","windows":[W]}""", "personId"),
            ("""{"name":"S","personId":"ID","deviceId":"ID","windows":[W]}""", "personId"),
            ("""{"name":"S","personId":"mia","windows":[W]}""", "personId"),
            ("""{"name":"S","personId":"ID"}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":null}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":{}}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[null]}""", "windows"),
            ($$"""{"name":"S","personId":"ID","windows":[{{string.Join(',', Enumerable.Repeat("W", 29))}}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"from":"21:00","to":"22:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":null,"from":"21:00","to":"22:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":[],"from":"21:00","to":"22:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":["mon","mon"],"from":"21:00","to":"22:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":["MON"],"from":"21:00","to":"22:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":["mon, tue"],"from":"21:00","to":"22:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":[1],"from":"21:00","to":"22:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":["mon"],"to":"22:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":["mon"],"from":"21:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":["mon"],"from":"24:00","to":"22:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":["mon"],"from":"25:00","to":"22:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":["mon"],"from":"21:60","to":"22:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":["mon"],"from":"9:00","to":"22:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":["mon"],"from":"21:00","to":"25:00"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":["mon"],"from":"21:00","to":"24:01"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[{"days":["mon"],"from":"21:00","to":"22:00\n"}]}""", "windows"),
            ("""{"name":"S","personId":"ID","windows":[W],"exceptions":7}""", "exceptions"),
            ("""{"name":"S","personId":"ID","windows":[W],"exceptions":[null]}""", "exceptions"),
            ("""{"name":"S","personId":"ID","windows":[W],"exceptions":[{"windows":[]}]}""", "exceptions"),
            ("""{"name":"S","personId":"ID","windows":[W],"exceptions":[{"date":"2026-02-30","windows":[]}]}""", "exceptions"),
            ("""{"name":"S","personId":"ID","windows":[W],"exceptions":[{"date":"2026-2-3","windows":[]}]}""", "exceptions"),
            ("""{"name":"S","personId":"ID","windows":[W],"exceptions":[{"date":"9999-12-31","windows":[]}]}""", "exceptions"),
            ("""{"name":"S","personId":"ID","windows":[W],"exceptions":[{"date":"2026-12-31"}]}""", "exceptions"),
            ("""{"name":"S","personId":"ID","windows":[W],"exceptions":[{"date":"2026-12-31","windows":[null]}]}""", "exceptions"),
            (
                """{"name":"S","personId":"ID","windows":[W],"exceptions":[{"date":"2026-12-31","windows":[{"from":"24:00","to":"01:00"}]}]}""",
                "exceptions"
            ),
            (
                """{"name":"S","personId":"ID","windows":[W],"exceptions":[{"date":"2026-12-31","windows":[]},{"date":"2026-12-31","windows":[]}]}""",
                "exceptions"
            ),
            ("""{"name":"S","personId":"ID","windows":[W],"enabled":"yes"}""", "enabled"),
        ];

    [Fact]
    public async Task A_schedule_that_is_none_is_400_and_nothing_is_stored_or_sent()
    {
        var home = await server.HomeAsync(1);
        var mia = await home.AddPersonAsync("Mia", 0);
        foreach (var (body, field) in Malformed)
        {
            var json = body.Replace("ID", mia.Id().ToString()).Replace("W", JsonSerializer.Serialize(Homes.Present()));
            using var refused = await home.Router.PostAsync("schedules", json);

            var problem = await refused.ShouldBeProblemAsync(400, "validation_failed");
            problem.Errors!.ShouldAllBe(error => error.Name.StartsWith(field, StringComparison.Ordinal), json);
        }

        (await home.ShowAsync("schedules")).GetProperty("items").GetArrayLength().ShouldBe(0);
        home.RulesShouldBe();
    }

    [Fact]
    public async Task A_change_that_names_a_person_and_a_device_or_takes_both_away_is_400_before_anything_is_looked_up()
    {
        var router = await server.RouterAsync();
        foreach (var id in new Guid?[] { Guid.CreateVersion7(), null })
        {
            using var refused = await router.PatchAsync($"schedules/{Guid.CreateVersion7()}", new { personId = id, deviceId = id });
            await refused.ShouldBeProblemAsync(400, "validation_failed", "personId");
        }

        using var unknown = await router.PatchAsync(
            $"schedules/{Guid.CreateVersion7()}",
            new { personId = (Guid?)null, deviceId = Guid.CreateVersion7() }
        );
        await unknown.ShouldBeProblemAsync(404, "device_not_found");
    }

    private static bool Flag(JsonElement schedule, string name) => schedule.GetProperty(name).GetBoolean();
}
