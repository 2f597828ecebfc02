using NetPilot.DevStack.Up;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Features;

/// <summary>What the simulator's page says of people and of what holds devices.</summary>
[OneDialect]
public sealed class HouseholdsTests(PeopleServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Devices_are_named_with_their_person_and_with_all_that_holds_them()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1);
        await home.AddScheduleAsync("Bedtime", mia, Homes.Present());
        await home.CommandAsync(mia, "pause");
        using (var block = await home.Router.PostAsync("block", new { ip = home.Devices[0].Ip }))
        {
            await block.ShouldBeJsonAsync(200);
        }

        await using var households = new Households(server.ConnectionString);
        var devices = await households.ReadAsync([home.Router.RouterId], Ct);

        devices.Select(device => device.Mac).ShouldBe(home.Macs(0, 1), ignoreOrder: true);
        devices.ShouldAllBe(device => device.Person == "Mia" && device.State == "blocked");
        Reasons(0).ShouldBe(["by hand", "schedule Bedtime until", "pause"]);
        Reasons(1).ShouldBe(["schedule Bedtime until", "pause"]);

        // A time is the machine's local one.
        IEnumerable<string> Reasons(int place) =>
            devices
                .Single(device => device.Mac == home.Devices[place].Mac)
                .Reasons.Select(reason =>
                    reason.Contains(" until ") ? reason[..(reason.IndexOf(" until ", StringComparison.Ordinal) + 6)] : reason
                );
    }

    [Fact]
    public async Task A_device_that_was_let_through_is_held_by_nothing()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.CommandAsync(mia, "pause");
        using (var unblock = await home.Router.PostAsync("unblock", new { ip = home.Devices[0].Ip }))
        {
            await unblock.ShouldBeJsonAsync(200);
        }

        await using var households = new Households(server.ConnectionString);
        var device = (await households.ReadAsync([home.Router.RouterId], Ct)).ShouldHaveSingleItem();

        (device.Person, device.State).ShouldBe(("Mia", null));
        device.Reasons.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_database_without_tables_has_no_households()
    {
        await using var households = new Households(await server.NewDatabaseAsync(Ct));
        (await households.ReadAsync(["any"], Ct)).ShouldBeEmpty();
    }
}
