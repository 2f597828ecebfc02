using Microsoft.Extensions.DependencyInjection;
using NetPilot.CommandsClient;
using NetPilot.Identity.Contracts;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Integrations;

/// <summary>What other modules get from Identity, and what it costs.</summary>
public sealed class ContractTests(IdentityServer server)
{
    private static readonly SessionStartNote Unnoted = new(AloneUntil: null);

    private static CancellationToken EndOfTest => TestContext.Current.CancellationToken;

    private ICommandsSessionAuthority Authority => server.Services.GetRequiredService<ICommandsSessionAuthority>();

    [Fact]
    public async Task A_session_is_live_until_it_ends_or_expires()
    {
        var user = await server.NewUser();
        var id = await server.CommandsSessionOf(user.SessionId);
        (await Authority.NoteStartAsync(id, "router-1", EndOfTest)).ShouldNotBeNull();
        (await Authority.NoteStartAsync(Guid.CreateVersion7(), "router-1", EndOfTest)).ShouldBeNull();
        await server.ExecuteAsync(
            "UPDATE identity.sessions SET expires_at = now() - interval '1 minute' WHERE commands_session_id = $1",
            id
        );
        (await Authority.NoteStartAsync(id, "router-1", EndOfTest)).ShouldBeNull();

        var other = await server.NewUser();
        id = await server.CommandsSessionOf(other.SessionId);
        await (await other.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        (await Authority.NoteStartAsync(id, "router-1", EndOfTest)).ShouldBeNull();
    }

    [Fact]
    public async Task A_start_is_recorded_with_its_router()
    {
        var user = await server.NewUser();
        var id = await server.CommandsSessionOf(user.SessionId);
        await server.ExecuteAsync("UPDATE identity.sessions SET commands_state = 'none' WHERE id = $1", user.SessionId);
        (await Authority.RecordStartedAsync(id, "router-1", Unnoted, EndOfTest)).ShouldBeTrue();
        (await Authority.RecordStartedAsync(id, null, Unnoted, EndOfTest)).ShouldBeTrue();
        var row = (
            await server.QueryAsync(
                "SELECT commands_state, commands_router_id, start_until FROM identity.sessions WHERE id = $1",
                user.SessionId
            )
        ).Single();
        row["commands_state"].ShouldBe("ready");
        row["commands_router_id"].ShouldBe("router-1");
        row["start_until"].ShouldBeNull();
    }

    [Fact]
    public async Task A_start_is_in_doubt_until_it_is_recorded()
    {
        var user = await server.NewUser();
        var id = await server.CommandsSessionOf(user.SessionId);
        var note = (await Authority.NoteStartAsync(id, "router-1", EndOfTest)).ShouldNotBeNull();
        (await Authority.IsStartInDoubtAsync(id, EndOfTest)).ShouldBeTrue();
        await Authority.RecordStartedAsync(id, "router-1", note, EndOfTest);
        (await Authority.IsStartInDoubtAsync(id, EndOfTest)).ShouldBeFalse();
        (await Authority.IsStartInDoubtAsync(Guid.CreateVersion7(), EndOfTest)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_start_that_succeeds_is_in_doubt_no_longer_and_another_one_still_is()
    {
        var user = await server.NewUser();
        var id = await server.CommandsSessionOf(user.SessionId);
        var alone = (await Authority.NoteStartAsync(id, "router-1", EndOfTest)).ShouldNotBeNull();
        (await IsInDoubtAsync()).ShouldBeTrue();
        (await Authority.RecordStartedAsync(id, "router-1", alone, EndOfTest)).ShouldBeTrue();
        (await IsInDoubtAsync()).ShouldBeFalse();

        var first = (await Authority.NoteStartAsync(id, "router-1", EndOfTest)).ShouldNotBeNull();
        var second = (await Authority.NoteStartAsync(id, "router-1", EndOfTest)).ShouldNotBeNull();
        foreach (var note in new[] { second, first })
        {
            (await Authority.RecordStartedAsync(id, "router-1", note, EndOfTest)).ShouldBeTrue();
            (await IsInDoubtAsync()).ShouldBeTrue();
        }

        Task<bool> IsInDoubtAsync() =>
            server.ScalarAsync<bool>("SELECT start_until IS NOT NULL FROM identity.sessions WHERE id = $1", user.SessionId);
    }

    [Fact]
    public async Task A_start_that_is_recorded_after_the_end_is_not_to_be_used_and_is_ended_again()
    {
        var user = await server.NewUser();
        var id = await server.CommandsSessionOf(user.SessionId);
        await (await user.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await server.Eventually("SELECT commands_state = 'ended' FROM identity.sessions WHERE commands_session_id = $1", id);
        var ends = server.Commands.CallsWithSession(id).Count;
        (await Authority.RecordStartedAsync(id, "router-1", Unnoted, EndOfTest)).ShouldBeFalse();
        await server.Commands.WaitForCallAsync(_ => server.Commands.CallsWithSession(id).Count > ends, Calls.Patience, EndOfTest);
        await server.Eventually("SELECT commands_state = 'ended' FROM identity.sessions WHERE commands_session_id = $1", id);
        (await Authority.RecordStartedAsync(Guid.CreateVersion7(), null, Unnoted, EndOfTest)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_session_that_may_have_been_started_for_a_command_is_ended_though_nobody_recorded_the_start()
    {
        var user = await server.NewUser();
        var id = await server.CommandsSessionOf(user.SessionId);
        await server.ExecuteAsync("UPDATE identity.sessions SET commands_state = 'none', start_until = NULL WHERE id = $1", user.SessionId);
        (await Authority.NoteStartAsync(id, "router-1", EndOfTest)).ShouldNotBeNull();
        await (await user.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await server.Commands.WaitForCallAsync(
            call =>
                call.SessionId == id.ToString()
                && call.Operation == DevStack.Simulator.SimulatorOperation.SessionEnd
                && call.Status is 200 or 401,
            Calls.Patience,
            EndOfTest
        );
    }

    [Fact]
    public async Task Everybody_shares_one_maintenance_session_and_an_expired_one_is_replaced()
    {
        var maintenance = server.Services.GetRequiredService<IMaintenanceSession>();
        var first = await Shared();
        (await Shared()).ShouldBe(first);
        await server.ExecuteAsync(
            "UPDATE identity.sessions SET expires_at = now() - interval '1 minute' WHERE commands_session_id = $1",
            first
        );
        var second = await Shared();
        second.ShouldNotBe(first);
        second.Version.ShouldBe(4);
        (await server.ScalarAsync<string>("SELECT end_reason FROM identity.sessions WHERE commands_session_id = $1", first)).ShouldBe(
            "expired"
        );
        (await server.ScalarAsync<long>("SELECT count(*) FROM identity.sessions WHERE user_id IS NULL AND ended_at IS NULL")).ShouldBe(1);
        (await Authority.NoteStartAsync(second, "router-1", EndOfTest)).ShouldNotBeNull();

        async Task<Guid> Shared() =>
            (await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => maintenance.GetCommandsSessionIdAsync(EndOfTest))))
                .Distinct()
                .ShouldHaveSingleItem();
    }

    [Fact]
    public void The_tiers_have_their_limits()
    {
        var limits = server.Services.GetRequiredService<ITierLimits>();
        limits.Of(UserTier.Free).ShouldBe(new TierLimits(1, 25, false));
        limits.Of(UserTier.Pro).ShouldBe(new TierLimits(50, 10_000, true));
    }

    [Fact]
    public void A_caller_written_to_a_log_tells_no_credential()
    {
        var caller = new Caller(Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), UserTier.Free, UserRole.User);
        caller.ToString().ShouldBe($"user {caller.UserId}");
    }

    [Fact]
    public async Task A_request_is_authenticated_in_one_round_trip()
    {
        var user = await server.NewUser();
        (await RoundTripsOf(HttpMethod.Get, "/me")).ShouldBe(1);
        (await RoundTripsOf(HttpMethod.Get, "/auth/sessions")).ShouldBe(2);
        (await RoundTripsOf(HttpMethod.Post, "/auth/logout")).ShouldBe(2);
        (await RoundTripsOf(HttpMethod.Get, "/me")).ShouldBe(1);

        async Task<int> RoundTripsOf(HttpMethod method, string path)
        {
            var (count, response) = await RoundTrips.CountAsync(user, method, "/api/v1" + path);
            response.Dispose();
            return count;
        }
    }
}
