using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Features;

/// <summary>A device that goes while somebody gives it to a person, or makes a schedule for it.</summary>
public sealed class DeletedDeviceTests(PeopleServer server)
{
    [Theory]
    [InlineData("people")]
    [InlineData("schedules")]
    [InlineData("people", true)]
    [InlineData("schedules", true)]
    public async Task A_device_that_is_being_deleted_is_nobodys(string what, bool changes = false)
    {
        var home = await server.HomeAsync();
        var tom = await home.AddPersonAsync("Tom", 1);
        var schedule = await home.AddScheduleAsync("Homework", tom, Homes.Later());
        tom = await home.ShowAsync($"people/{tom.Id()}");
        await using var people = await TestLock.OfPeopleAsync(home);

        // The deletion has begun, and is not committed.
        var deleting = home.Router.DeleteAsync($"devices/{home.Ids[0]}");
        await people.WaitForOthersAsync(1);
        var giving = (what, changes) switch
        {
            ("people", false) => home.Router.PostAsync("people", new { name = "Mia", deviceIds = new[] { home.Ids[0] } }),
            ("people", true) => home.Router.PatchAsync($"people/{tom.Id()}", new { name = "Mia", deviceIds = new[] { home.Ids[0] } }),
            (_, false) => home.Router.PostAsync(
                "schedules",
                new
                {
                    name = "Bedtime",
                    deviceId = home.Ids[0],
                    windows = new[] { Homes.Later() },
                }
            ),
            (_, true) => home.Router.PatchAsync(
                $"schedules/{schedule.Id()}",
                new
                {
                    name = "Bedtime",
                    personId = (Guid?)null,
                    deviceId = home.Ids[0],
                }
            ),
        };
        await people.WaitForOthersAsync(2);
        await people.ReleaseAsync();

        using var deleted = await deleting;
        await deleted.ShouldBeEmptyAsync(204);
        using var given = await giving;
        await given.ShouldBeProblemAsync(404, "device_not_found");
        // Nothing of the change was made.
        (await home.ShowAsync($"people/{tom.Id()}"))
            .GetRawText()
            .ShouldBe(tom.GetRawText());
        (await home.ShowAsync($"schedules/{schedule.Id()}")).GetRawText().ShouldBe(schedule.GetRawText());
        (await home.ShowAsync("people")).GetProperty("items").GetArrayLength().ShouldBe(1);
        (await home.ShowAsync("schedules")).GetProperty("items").GetArrayLength().ShouldBe(1);
    }
}
