using System.Diagnostics;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests;

/// <summary>The two lives of a session: here and on the Commands-Server, which fails, hangs and restarts; and so does this server.</summary>
public sealed class DownstreamTests(IdentityServer server) : IAsyncLifetime
{
    private static readonly (string, string?) ShortCalls = ("CommandsServer:Timeouts:Session", "00:00:08");
    private static readonly (string, string?) Impatient = ("CommandsServer:LoginStartBudget", "00:00:00.200");
    private OwnStack stack = null!;

    public async ValueTask InitializeAsync() => stack = await OwnStack.StartAsync(server);

    public ValueTask DisposeAsync() => stack.DisposeAsync();

    [Fact]
    public async Task A_login_succeeds_while_the_commands_server_is_away_and_a_session_that_it_never_knew_is_not_ended_there()
    {
        var replica = await stack.StartReplicaAsync();
        await stack.Commands.StopAsync();
        var watch = Stopwatch.StartNew();
        var login = await OwnStack.LogInAsync(replica);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(8));
        login.CommandsServer.ShouldBe("unavailable");
        await (await login.Http.Get("/me")).ShouldBeJsonAsync(200);

        var id = await stack.CommandsSessionOf(login);
        await stack.Commands.StartAsync(TestContext.Current.CancellationToken);
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await stack.Eventually(id, "commands_state = 'ended'");
        stack.Commands.CallsWithSession(id).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_login_waits_for_a_slow_start_as_long_as_it_may_and_the_start_goes_on()
    {
        var replica = await stack.StartReplicaAsync(Impatient);
        using var slow = stack.Commands.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.SessionStart });
        var login = await OwnStack.LogInAsync(replica);
        login.CommandsServer.ShouldBe("starting");
        slow.Release();
        await stack.Eventually(await stack.CommandsSessionOf(login), "commands_state = 'ready'");
        var list = await (await login.Http.Get("/auth/sessions")).ShouldBeJsonAsync(200);
        list.GetProperty("items")[0].Text("commandsServer").ShouldBe("ready");
    }

    [Fact]
    public async Task A_start_that_fails_leaves_the_session_unavailable_and_it_is_ended_there_all_the_same()
    {
        var replica = await stack.StartReplicaAsync();
        stack.Commands.AddFault(new Fault(FaultKind.Html) { Operation = SimulatorOperation.SessionStart, Executed = true });
        var login = await OwnStack.LogInAsync(replica);
        login.CommandsServer.ShouldBe("unavailable");
        var id = await stack.CommandsSessionOf(login);
        stack.Knows(id).ShouldBeTrue();
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await stack.Called(SimulatorOperation.SessionEnd, id);
        stack.Knows(id).ShouldBeFalse();
    }

    [Fact]
    public async Task A_start_that_takes_effect_after_the_logout_is_followed_by_another_end()
    {
        var replica = await stack.StartReplicaAsync(Impatient);
        using var slow = stack.Commands.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.SessionStart });
        var login = await OwnStack.LogInAsync(replica);
        var id = await stack.CommandsSessionOf(login);
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await stack.Called(SimulatorOperation.SessionEnd, id);
        slow.Release();
        await stack.Called(SimulatorOperation.SessionEnd, id, times: 2);
        await stack.Eventually(id, "commands_state = 'ended'");
        stack.Knows(id).ShouldBeFalse();
    }

    [Fact]
    public async Task A_start_that_nobody_came_back_from_is_followed_by_another_end_when_it_can_no_longer_take_effect()
    {
        var replica = await stack.StartReplicaAsync(Impatient);
        using var slow = stack.Commands.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.SessionStart });
        var login = await OwnStack.LogInAsync(replica);
        var id = await stack.CommandsSessionOf(login);
        await replica.KillAsync();
        slow.Release();
        stack.Commands.ClearFaults();

        // The new server knows nothing of the start but the row.
        var successor = await stack.StartReplicaAsync();
        using var http = successor.NewClient(login.Tokens.Text("accessToken"));
        await (await http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await stack.Called(SimulatorOperation.SessionEnd, id);
        await stack.Eventually(id, "commands_state = 'ending' AND end_due_at = start_until");
        await stack.ExecuteAsync("UPDATE identity.sessions SET start_until = now(), end_due_at = now() WHERE commands_session_id = $1", id);
        await stack.Called(SimulatorOperation.SessionEnd, id, times: 2);
        await stack.Eventually(id, "commands_state = 'ended'");
    }

    [Fact]
    public async Task A_start_that_nobody_came_back_from_does_not_stay_for_ever_on_a_live_session()
    {
        var replica = await stack.StartReplicaAsync(Impatient);
        using var slow = stack.Commands.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.SessionStart });
        var login = await OwnStack.LogInAsync(replica);
        var id = await stack.CommandsSessionOf(login);
        await replica.KillAsync();
        await stack.ExecuteAsync("UPDATE identity.sessions SET start_until = now() WHERE commands_session_id = $1", id);
        var successor = await stack.StartReplicaAsync();
        await stack.Eventually(id, "commands_state = 'unavailable' AND ended_at IS NULL");
        using var http = successor.NewClient(login.Tokens.Text("accessToken"));
        await (await http.Get("/me")).ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task A_logout_is_answered_at_once_though_the_commands_server_hangs_and_the_end_is_repeated_until_it_is_acknowledged()
    {
        var replica = await stack.StartReplicaAsync(ShortCalls);
        var login = await OwnStack.LogInAsync(replica);
        var id = await stack.CommandsSessionOf(login);
        stack.Commands.AddFault(new Fault(FaultKind.Hang) { Operation = SimulatorOperation.SessionEnd });
        stack.Commands.AddFault(new Fault(FaultKind.Html) { Operation = SimulatorOperation.SessionEnd, Times = 2 });
        stack.Commands.AddFault(new Fault(FaultKind.ResetBefore) { Operation = SimulatorOperation.SessionEnd });

        var watch = Stopwatch.StartNew();
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(6));
        await (await login.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");

        await stack.Eventually(id, "commands_state = 'ended'");
        stack.Count(SimulatorOperation.SessionEnd, id).ShouldBeGreaterThanOrEqualTo(5);
        stack.Knows(id).ShouldBeFalse();
        (await stack.ScalarAsync<int>("SELECT end_attempts FROM identity.sessions WHERE commands_session_id = $1", id)).ShouldBe(4);
    }

    [Fact]
    public async Task A_server_that_is_killed_while_it_delivers_an_end_leaves_it_to_the_next()
    {
        var replica = await stack.StartReplicaAsync(ShortCalls);
        var login = await OwnStack.LogInAsync(replica);
        var other = await OwnStack.LogInAsync(replica);
        var (id, live) = (await stack.CommandsSessionOf(login), await stack.CommandsSessionOf(other));
        using var hung = stack.Commands.AddFault(new Fault(FaultKind.Hang) { Operation = SimulatorOperation.SessionEnd });
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await hung.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);
        await replica.KillAsync();

        await stack.StartReplicaAsync();
        await stack.Eventually(id, "commands_state = 'ended'");
        stack.Knows(id).ShouldBeFalse();
        stack.Knows(live).ShouldBeTrue();
        stack.Count(SimulatorOperation.SessionEnd, live).ShouldBe(0);
    }

    [Fact]
    public async Task An_end_that_cannot_be_delivered_for_a_day_is_given_up_with_a_line_in_the_log()
    {
        var replica = await stack.StartReplicaAsync();
        var login = await OwnStack.LogInAsync(replica);
        var id = await stack.CommandsSessionOf(login);
        stack.Commands.AddFault(new Fault(FaultKind.Html) { Operation = SimulatorOperation.SessionEnd, Times = null });
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await stack.Eventually(id, "end_attempts > 1");
        await stack.ExecuteAsync(
            "UPDATE identity.sessions SET ended_at = now() - interval '24 hours', end_due_at = now() WHERE commands_session_id = $1",
            id
        );
        await stack.Eventually(id, "commands_state = 'ended'");
        replica.Output.ShouldContain(line => line.Contains(login.SessionId.ToString()) && line.Contains("could not be delivered"));
        replica.Output.ShouldNotContain(line => line.Contains(id.ToString()));
    }

    [Fact]
    public async Task Replicas_share_the_ends_so_that_each_is_delivered_once()
    {
        await stack.StartReplicaAsync();
        await stack.StartReplicaAsync();
        // Both sweepers are at it at once for sure when each row that is taken takes a while.
        await stack.ExecuteAsync(
            """
            CREATE FUNCTION public.dwell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.03); RETURN NEW; END';
            CREATE TRIGGER dwell BEFORE UPDATE OF end_due_at ON identity.sessions FOR EACH ROW EXECUTE FUNCTION public.dwell();
            """
        );
        await stack.ExecuteAsync(
            """
            INSERT INTO identity.sessions
                (id, commands_session_id, commands_state, created_at, last_used_at, expires_at, ended_at, end_reason, end_due_at)
            SELECT gen_random_uuid(), gen_random_uuid(), 'ending', now(), now(), now(), now(), 'logout', now() FROM generate_series(1, 128)
            """
        );
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await stack.ScalarAsync<long>("SELECT count(*) FROM identity.sessions WHERE commands_state <> 'ended'") > 0)
        {
            await pause.WaitForNextTickAsync(patience.Token);
        }

        var ends = stack.Commands.CallsOf(SimulatorOperation.SessionEnd);
        ends.Count.ShouldBe(128);
        ends.Select(call => call.SessionId).Distinct().Count().ShouldBe(128);
    }

    [Fact]
    public async Task What_one_replica_ends_is_dead_on_the_other_at_the_next_request()
    {
        var one = await stack.StartReplicaAsync();
        var two = await stack.StartReplicaAsync();
        var login = await OwnStack.LogInAsync(one);
        using var there = two.NewClient(login.Tokens.Text("accessToken"));
        await (await there.Get("/me")).ShouldBeJsonAsync(200);
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await (await there.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
    }

    [Fact]
    public async Task Signing_keys_are_exchanged_without_logging_anybody_out()
    {
        var (oldKey, newKey) = (NewKey(), NewKey());
        var before = await stack.StartReplicaAsync(Key(0, "old", oldKey));
        var login = await OwnStack.LogInAsync(before);

        var during = await stack.StartReplicaAsync([.. Key(0, "new", newKey), .. Key(1, "old", oldKey)]);
        using var http = during.NewClient(login.Tokens.Text("accessToken"));
        await (await http.Get("/me")).ShouldBeJsonAsync(200);
        var renewed = await (await http.Refresh(login.Tokens.Text("refreshToken"))).ShouldBeJsonAsync(200);

        var after = await stack.StartReplicaAsync(Key(0, "new", newKey));
        using var old = after.NewClient(login.Tokens.Text("accessToken"));
        await (await old.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        using var present = after.NewClient(renewed.Text("accessToken"));
        await (await present.Get("/me")).ShouldBeJsonAsync(200);
        await (await present.Refresh(renewed.Text("refreshToken"))).ShouldBeJsonAsync(200);

        static (string, string?)[] Key(int index, string id, string key) =>
            [($"Auth:SigningKeys:{index}:Id", id), ($"Auth:SigningKeys:{index}:Key", key)];

        static string NewKey() => Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
    }

    [Fact]
    public async Task A_server_that_stops_in_order_delivers_what_it_has_just_ended()
    {
        var replica = await stack.StartReplicaAsync(("Sessions:SweepInterval", "01:00:00"));
        var login = await OwnStack.LogInAsync(replica);
        var id = await stack.CommandsSessionOf(login);
        using var slow = stack.Commands.AddFault(
            new Fault(FaultKind.Delay) { Operation = SimulatorOperation.SessionEnd, Delay = TimeSpan.FromSeconds(0.5) }
        );
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        (await replica.StopAsync(TestContext.Current.CancellationToken)).ShouldBe(0);
        await stack.Eventually(id, "commands_state = 'ended'");
        stack.Knows(id).ShouldBeFalse();
    }

    [Fact]
    public async Task Where_limits_are_switched_off_wrong_passwords_are_not_counted()
    {
        var replica = await stack.StartReplicaAsync(("RateLimits:Enabled", "false"));
        var login = await OwnStack.LogInAsync(replica);
        for (var i = 0; i < 7; i++)
        {
            await (await login.Http.LogIn(login.Email, "not the password")).ShouldBeProblemAsync(401, "invalid_credentials");
        }

        (await stack.ScalarAsync<long>("SELECT count(*) FROM identity.login_attempts")).ShouldBe(0);
    }

    [Fact]
    public async Task Without_a_mail_server_the_server_says_so_once_and_keeps_no_mails()
    {
        var replica = await stack.StartReplicaAsync(("Mail:Smtp:Host", null));
        using var anyone = replica.NewClient();
        await (await anyone.Post("/auth/password/forgot", new { email = TestUsers.NewEmail() })).ShouldBeEmptyAsync(202);
        await (await anyone.Post("/auth/password/forgot", new { email = TestUsers.NewEmail() })).ShouldBeEmptyAsync(202);
        replica.Output.Count(line => line.Contains("Mail:Smtp:Host is not set")).ShouldBe(1);
        (await stack.ScalarAsync<long>("SELECT count(*) FROM identity.reset_mails")).ShouldBe(0);
    }

    [Fact]
    public async Task The_first_admin_is_made_on_the_command_line_beside_a_running_server()
    {
        var replica = await stack.StartReplicaAsync();
        var login = await OwnStack.LogInAsync(replica);
        await (await login.Http.Get("/admin/users")).ShouldBeProblemAsync(403, "forbidden");
        var (code, output) = await stack.RunAsync("admin", "grant", login.Email);
        output.ShouldContain($"{login.Email} is an admin now.");
        code.ShouldBe(0);
        await (await login.Http.Get("/admin/users")).ShouldBeJsonAsync(200);
        (await stack.RunAsync("admin", "grant", TestUsers.NewEmail())).Code.ShouldBe(1);
        (await stack.RunAsync("admin")).Code.ShouldBe(2);
    }
}
