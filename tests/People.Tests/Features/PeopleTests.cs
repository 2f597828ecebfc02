using System.Text.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Features;

public sealed class PeopleTests(PeopleServer server)
{
    [Fact]
    public async Task A_person_is_added_shown_listed_changed_and_removed()
    {
        var home = await server.HomeAsync();
        var before = TimeProvider.System.GetUtcNow();

        using var added = await home.Router.PostAsync(
            "people",
            new
            {
                name = "Mia",
                color = "#1e88E5",
                deviceIds = home.Ids[..2],
            }
        );

        var mia = await added.ShouldBeJsonAsync(201);
        added.Headers.Location!.ToString().ShouldBe(home.Router.Path($"people/{mia.Id()}"));
        mia.EnumerateObject()
            .Select(field => field.Name)
            .ShouldBe([
                "id",
                "name",
                "color",
                "deviceIds",
                "blocked",
                "paused",
                "pausedUntil",
                "allowedUntil",
                "nextChangeAt",
                "createdAt",
            ]);
        mia.GetProperty("color").GetString().ShouldBe("#1e88E5");
        Ids(mia).ShouldBe(home.Ids[..2], ignoreOrder: true);
        (mia.GetProperty("blocked").GetBoolean(), mia.GetProperty("paused").GetBoolean()).ShouldBe((false, false));
        mia.GetProperty("createdAt").GetDateTimeOffset().ShouldBeGreaterThan(before.AddSeconds(-5));
        home.Router.Simulated.Rules.ShouldBeEmpty();
        (await home.ShowAsync($"people/{mia.Id()}")).GetRawText().ShouldBe(mia.GetRawText());

        var tom = await home.AddPersonAsync("Tom");
        Names(await home.ShowAsync("people")).ShouldBe(["Tom", "Mia"]);
        var page = await home.ShowAsync("people?limit=1");
        Names(page).ShouldBe(["Tom"]);
        Names(await home.ShowAsync($"people?limit=1&cursor={page.GetProperty("nextCursor").GetString()}")).ShouldBe(["Mia"]);

        var changed = await home.ChangeAsync($"people/{mia.Id()}", new { name = "Mia M.", color = (string?)null });
        changed.GetProperty("name").GetString().ShouldBe("Mia M.");
        changed.GetProperty("color").ValueKind.ShouldBe(JsonValueKind.Null);
        Ids(changed).Length.ShouldBe(2);

        await home.RemoveAsync($"people/{tom.Id()}");
        Names(await home.ShowAsync("people")).ShouldBe(["Mia M."]);
        using var gone = await home.Router.GetAsync($"people/{tom.Id()}");
        await gone.ShouldBeProblemAsync(404, "person_not_found");
    }

    [Fact]
    public async Task A_device_has_one_person_and_moves_to_the_one_who_names_it_last()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1);
        var tom = await home.AddPersonAsync("Tom", 1);

        Ids(await home.ShowAsync($"people/{mia.Id()}")).ShouldBe([home.Ids[0]]);
        Ids(await home.ChangeAsync($"people/{mia.Id()}", new { deviceIds = new[] { home.Ids[1], home.Ids[2] } }))
            .ShouldBe(home.Ids[1..], ignoreOrder: true);
        Ids(await home.ShowAsync($"people/{tom.Id()}")).ShouldBeEmpty();
        (await PersonOfAsync(home, 0)).ShouldBeNull();
        (await PersonOfAsync(home, 1)).ShouldBe(mia.Id());
    }

    [Fact]
    public async Task A_name_is_taken_whatever_its_case()
    {
        var home = await server.HomeAsync(1);
        var zoe = await home.AddPersonAsync("Zoë");
        var tom = await home.AddPersonAsync("Tom");

        using var again = await home.Router.PostAsync("people", new { name = "ZOË" });
        using var renamed = await home.Router.PatchAsync($"people/{tom.Id()}", new { name = "zoë" });

        await again.ShouldBeProblemAsync(409, "name_taken");
        await renamed.ShouldBeProblemAsync(409, "name_taken");
        (await home.ChangeAsync($"people/{zoe.Id()}", new { name = "zoë" })).GetProperty("name").GetString().ShouldBe("zoë");
        (await (await server.HomeAsync(1)).AddPersonAsync("Zoë")).GetProperty("name").GetString().ShouldBe("Zoë");
    }

    [Fact]
    public async Task A_name_of_any_characters_but_controls_is_taken_as_any_other()
    {
        var home = await server.HomeAsync(1);
        var odd = await home.AddPersonAsync("a\ufffee\u0301");

        using var again = await home.Router.PostAsync("people", new { name = "A\ufffe\u00c9" });
        await again.ShouldBeProblemAsync(409, "name_taken");
        (await home.ChangeAsync($"people/{odd.Id()}", new { name = "b\ufffe" })).GetProperty("name").GetString().ShouldBe("b\ufffe");
    }

    [Fact]
    public async Task There_are_fifty_people_at_most_and_one_of_each_name_however_many_ask_at_once()
    {
        var home = await server.HomeAsync(1);
        for (var number = 0; number < 45; number++)
        {
            await home.AddPersonAsync($"Person {number}");
        }

        var same = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => home.Router.PostAsync("people", new { name = "Same" })));
        var more = await Task.WhenAll(
            Enumerable.Range(50, 10).Select(number => home.Router.PostAsync("people", new { name = $"P {number}" }))
        );

        same.Count(response => (int)response.StatusCode == 201).ShouldBe(1);
        more.Count(response => (int)response.StatusCode == 201).ShouldBe(4);
        await more.First(response => (int)response.StatusCode != 201).ShouldBeProblemAsync(409, "limit_reached");
        (await server.ScalarAsync<long>("SELECT count(*) FROM people.people WHERE router_id = $1", home.Router.RouterId)).ShouldBe(50);
        Array.ForEach([.. same, .. more], response => response.Dispose());
    }

    [Theory]
    [InlineData("""{}""", "name")]
    [InlineData("""{"name":null}""", "name")]
    [InlineData("""{"name":""}""", "name")]
    [InlineData("""{"name":7}""", "name")]
    [InlineData("""{"name":"012345678901234567890123456789012345678901234567890"}""", "name")]
    [InlineData("""{"name":"a\nb"}""", "name")]
    [InlineData("""{"name":"Mia","color":"blue"}""", "color")]
    [InlineData("""{"name":"Mia","color":"#1e88e"}""", "color")]
    [InlineData("""{"name":"Mia","color":"#1e88e5\n"}""", "color")]
    [InlineData("""{"name":"Mia","color":7}""", "color")]
    [InlineData("""{"name":"Mia","deviceIds":"all"}""", "deviceIds")]
    public async Task A_person_that_is_none_is_400_and_nothing_is_stored(string body, string field)
    {
        var home = await server.HomeAsync(1);

        using var refused = await home.Router.PostAsync("people", body);

        await refused.ShouldBeProblemAsync(400, "validation_failed", field);
        (await server.ScalarAsync<long>("SELECT count(*) FROM people.routers WHERE router_id = $1", home.Router.RouterId)).ShouldBe(0);
    }

    [Theory]
    [InlineData("""{"name":null}""", "name")]
    [InlineData("""{"color":"red"}""", "color")]
    [InlineData("""{"deviceIds":null}""", "deviceIds")]
    public async Task A_change_that_is_none_is_400(string body, string field)
    {
        var home = await server.HomeAsync(1);
        var mia = await home.AddPersonAsync("Mia", 0);

        using var refused = await home.Router.PatchAsync($"people/{mia.Id()}", body);

        await refused.ShouldBeProblemAsync(400, "validation_failed", field);
        (await home.ShowAsync($"people/{mia.Id()}")).GetRawText().ShouldBe(mia.GetRawText());
    }

    [Fact]
    public async Task Devices_and_people_of_others_are_unknown()
    {
        var (home, other) = (await server.HomeAsync(), await server.HomeAsync(1));
        var mia = await home.AddPersonAsync("Mia");

        using var foreign = await home.Router.PostAsync("people", new { name = "Tom", deviceIds = other.Ids });
        using var moved = await home.Router.PatchAsync($"people/{mia.Id()}", new { deviceIds = new[] { home.Ids[0], other.Ids[0] } });
        using var theirs = await other.Router.GetAsync($"people/{mia.Id()}");
        using var malformed = await home.Router.GetAsync("people/mia");
        using var paused = await other.Router.PostAsync($"people/{mia.Id()}/pause", new { });

        await foreign.ShouldBeProblemAsync(404, "device_not_found");
        await moved.ShouldBeProblemAsync(404, "device_not_found");
        await theirs.ShouldBeProblemAsync(404, "person_not_found");
        await malformed.ShouldBeProblemAsync(404, "person_not_found");
        await paused.ShouldBeProblemAsync(404, "person_not_found");
        Names(await home.ShowAsync("people")).ShouldBe(["Mia"]);
        Ids(await home.ShowAsync($"people/{mia.Id()}")).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_router_itself_is_nobodys()
    {
        var home = await server.HomeAsync(1);
        await home.ChangeAsync($"devices/{home.Ids[0]}", new { type = "router" });

        using var refused = await home.Router.PostAsync("people", new { name = "Mia", deviceIds = home.Ids });

        await refused.ShouldBeProblemAsync(400, "validation_failed", "deviceIds");
    }

    [Fact]
    public async Task People_go_with_their_router_and_with_their_owner()
    {
        var (first, second) = (await server.HomeAsync(1), await server.HomeAsync(1));
        foreach (var home in new[] { first, second })
        {
            await home.AddScheduleAsync("Bedtime", await home.AddPersonAsync("Mia", 0), Homes.Present());
        }

        using var released = await first.Router.DeleteAsync();
        using var request = new HttpRequestMessage(HttpMethod.Delete, "/api/v1/me")
        {
            Content = System.Net.Http.Json.JsonContent.Create(new { password = TestUsers.Password }),
        };
        using var deleted = await second.Router.Owner.Http.SendAsync(request, TestContext.Current.CancellationToken);

        await released.ShouldBeEmptyAsync(204);
        await deleted.ShouldBeEmptyAsync(204);
        foreach (var table in new[] { "routers", "people", "person_devices", "schedules" })
        {
            (
                await server.ScalarAsync<long>(
                    $"SELECT count(*) FROM people.{table} WHERE router_id IN ($1, $2)",
                    first.Router.RouterId,
                    second.Router.RouterId
                )
            ).ShouldBe(0, table);
        }
    }

    [Fact]
    public async Task A_device_that_is_forgotten_is_nobodys_and_one_that_is_merged_takes_its_person_along()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1);
        using var scheduled = await home.Router.PostAsync(
            "schedules",
            new
            {
                name = "Console",
                deviceId = home.Ids[1],
                windows = new[] { Homes.Later() },
            }
        );
        var schedule = await scheduled.ShouldBeJsonAsync(201);

        await home.RemoveAsync($"devices/{home.Ids[0]}");

        Ids(await home.ShowAsync($"people/{mia.Id()}")).ShouldBe([home.Ids[1]]);
        await server.ExecuteAsync("UPDATE devices.user_devices SET online = false WHERE id = $1", home.Ids[1]);
        using var merged = await home.Router.PostAsync($"devices/{home.Ids[1]}/merge", new { into = home.Ids[2] });
        await merged.ShouldBeJsonAsync(200);
        Ids(await home.ShowAsync($"people/{mia.Id()}")).ShouldBe([home.Ids[2]]);
        (await home.ShowAsync($"schedules/{schedule.Id()}")).GetProperty("deviceId").GetGuid().ShouldBe(home.Ids[2]);

        await home.RemoveAsync($"devices/{home.Ids[2]}");
        using var gone = await home.Router.GetAsync($"schedules/{schedule.Id()}");
        await gone.ShouldBeProblemAsync(404, "schedule_not_found");
        Ids(await home.ShowAsync($"people/{mia.Id()}")).ShouldBeEmpty();
    }

    private static Guid[] Ids(JsonElement person) => [.. person.GetProperty("deviceIds").EnumerateArray().Select(id => id.GetGuid())];

    private static string?[] Names(JsonElement page) =>
        [.. page.GetProperty("items").EnumerateArray().Select(person => person.GetProperty("name").GetString())];

    private static async Task<Guid?> PersonOfAsync(TestHome home, int place)
    {
        var person = (await home.ShowAsync($"devices/{home.Ids[place]}")).GetProperty("personId");
        return person.ValueKind == JsonValueKind.Null ? null : person.GetGuid();
    }
}
