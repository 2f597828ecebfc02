using Microsoft.Extensions.Time.Testing;
using NetPilot.CommandsClient;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests.Turns;

/// <summary>A call does not outlast the lease of its turn, however long it took until it could begin.</summary>
public sealed class CallInTurnTests(RoutersServer server)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(8);
    private readonly FakeTimeProvider _time = new();
    private CommandsTarget? _target;

    [Theory]
    [InlineData(0, 8)]
    [InlineData(4, 8)]
    [InlineData(6, 6)]
    [InlineData(11, 1)]
    public async Task It_may_take_what_is_left_of_the_lease(int waited, int left)
    {
        (await RunAsync(TimeSpan.FromSeconds(waited)))!.IsSuccess.ShouldBeTrue();

        var (deadline, ofLease) = (_target!.Deadline!.Value, _target.TimeLeft!());
        (deadline < ofLease ? deadline : ofLease).ShouldBe(TimeSpan.FromSeconds(left));
    }

    [Fact]
    public async Task It_is_not_made_once_the_lease_is_over()
    {
        var result = await RunAsync(TimeSpan.FromSeconds(12));

        _target.ShouldBeNull();
        var failure = result!.Failure.ShouldNotBeNull();
        (failure.Kind, failure.Effect).ShouldBe((CommandsFailureKind.CommandTimeout, CommandEffect.NotDone));
    }

    private async Task<CommandsResult<string>?> RunAsync(TimeSpan waited)
    {
        var commands = server.NewCommands(_time);
        var router = await server.RouterAsync();
        return await commands.RunInTurnAsync(
            await router.OwnedAsync(),
            new CommandActor(router.Owner.Id, TimeProvider.System.NewId()),
            new RouterCommand(RouterActivityKind.WifiStatus, null, Timeout),
            target =>
            {
                _target = target;
                return Task.FromResult(CommandsResult<string>.Success(""));
            },
            null,
            TestContext.Current.CancellationToken,
            _ =>
            {
                _time.Advance(waited);
                return Task.CompletedTask;
            }
        );
    }
}
