using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Sessions;

/// <summary>Servers in processes of their own: several at once, stopped in order, and set up otherwise than the one that the tests share.</summary>
[OneDialect]
public sealed class ReplicaTests(IdentityServer server) : StackTests(server)
{
    [Fact]
    public async Task Replicas_share_the_ends_so_that_each_is_delivered_once()
    {
        // The lease of an end is as long as a call, and a busy machine takes its time between the two.
        (string, string?) patient = ("CommandsServer:Timeouts:Session", "00:05:00");
        await Stack.StartReplicaAsync(patient);
        await Stack.StartReplicaAsync(patient);
        // Both sweepers are at it at once for sure when each row that is taken takes a while.
        await Stack.ExecuteAsync(
            """
            CREATE FUNCTION public.dwell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.03); RETURN NEW; END';
            CREATE TRIGGER dwell BEFORE UPDATE OF end_due_at ON identity.sessions FOR EACH ROW EXECUTE FUNCTION public.dwell();
            """
        );
        await Stack.ExecuteAsync(
            """
            INSERT INTO identity.sessions
                (id, commands_session_id, commands_state, created_at, last_used_at, expires_at, ended_at, end_reason, end_due_at)
            SELECT gen_random_uuid(), gen_random_uuid(), 'ending', now(), now(), now(), now(), 'logout', now() FROM generate_series(1, 128)
            """
        );
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Calls.Patience);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await Stack.ScalarAsync<long>("SELECT count(*) FROM identity.sessions WHERE commands_state <> 'ended'") > 0)
        {
            await pause.WaitForNextTickAsync(patience.Token);
        }

        var ends = Stack.Commands.CallsOf(SimulatorOperation.SessionEnd);
        ends.Count.ShouldBe(128);
        ends.Select(call => call.SessionId).Distinct().Count().ShouldBe(128);
    }

    [Fact]
    public async Task What_one_replica_ends_is_dead_on_the_other_at_the_next_request()
    {
        var one = await Stack.StartReplicaAsync();
        var two = await Stack.StartReplicaAsync();
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
        var before = await Stack.StartReplicaAsync(Key(0, "old", oldKey));
        var login = await OwnStack.LogInAsync(before);

        var during = await Stack.StartReplicaAsync([.. Key(0, "new", newKey), .. Key(1, "old", oldKey)]);
        using var http = during.NewClient(login.Tokens.Text("accessToken"));
        await (await http.Get("/me")).ShouldBeJsonAsync(200);
        var renewed = await (await http.Refresh(login.Tokens.Text("refreshToken"))).ShouldBeJsonAsync(200);

        var after = await Stack.StartReplicaAsync(Key(0, "new", newKey));
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
        var replica = await Stack.StartReplicaAsync(("Sessions:SweepInterval", "01:00:00"));
        var login = await OwnStack.LogInAsync(replica);
        var id = await Stack.CommandsSessionOf(login);
        using var slow = Stack.Commands.AddFault(
            new Fault(FaultKind.Delay) { Operation = SimulatorOperation.SessionEnd, Delay = TimeSpan.FromSeconds(0.5) }
        );
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        (await replica.StopAsync(TestContext.Current.CancellationToken)).ShouldBe(0);
        await Stack.Eventually(id, "commands_state = 'ended'");
        Stack.Knows(id).ShouldBeFalse();
    }

    [Fact]
    public async Task Where_limits_are_switched_off_wrong_passwords_are_not_counted()
    {
        var replica = await Stack.StartReplicaAsync(("RateLimits:Enabled", "false"));
        var login = await OwnStack.LogInAsync(replica);
        for (var i = 0; i < 7; i++)
        {
            await (await login.Http.LogIn(login.Email, "not the password")).ShouldBeProblemAsync(401, "invalid_credentials");
        }

        (await Stack.ScalarAsync<long>("SELECT count(*) FROM identity.login_attempts")).ShouldBe(0);
    }

    [Fact]
    public async Task Without_a_mail_server_the_server_says_so_once_and_keeps_no_mails()
    {
        var replica = await Stack.StartReplicaAsync(("Mail:Smtp:Host", null));
        using var anyone = replica.NewClient();
        await (await anyone.Post("/auth/password/forgot", new { email = TestUsers.NewEmail() })).ShouldBeEmptyAsync(202);
        await (await anyone.Post("/auth/password/forgot", new { email = TestUsers.NewEmail() })).ShouldBeEmptyAsync(202);
        replica.Output.Count(line => line.Contains("Mail:Smtp:Host is not set")).ShouldBe(1);
        (await Stack.ScalarAsync<long>("SELECT count(*) FROM identity.reset_mails")).ShouldBe(0);
    }

    [Fact]
    public async Task The_first_admin_is_made_on_the_command_line_beside_a_running_server()
    {
        var replica = await Stack.StartReplicaAsync();
        var login = await OwnStack.LogInAsync(replica);
        await (await login.Http.Get("/admin/users")).ShouldBeProblemAsync(403, "forbidden");
        var (code, output) = await Stack.RunAsync("admin", "grant", login.Email);
        output.ShouldContain($"{login.Email} is an admin now.");
        code.ShouldBe(0);
        await (await login.Http.Get("/admin/users")).ShouldBeJsonAsync(200);
        (await Stack.RunAsync("admin", "grant", TestUsers.NewEmail())).Code.ShouldBe(1);
        (await Stack.RunAsync("admin")).Code.ShouldBe(2);
    }
}
