using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Identity.Sessions;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Sessions;

[OneDialect]
public sealed class EndDeliveryWorkerTests
{
    private static readonly EndingSession Ending = new(
        Guid.Empty,
        Guid.Empty,
        RouterId: null,
        DateTimeOffset.UnixEpoch,
        Attempts: 0,
        DateTimeOffset.UnixEpoch
    );

    /// <summary>What a stop throws ends the process with an unhandled exception.</summary>
    [Fact]
    public async Task A_stop_that_runs_out_of_time_leaves_a_delivery_that_hangs_to_the_sweeper()
    {
        var client = DispatchProxy.Create<ICommandsClient, Hanging>();
        var deliveries = new EndDeliveries(
            null!,
            Options.Create(new CommandsServerOptions()),
            Options.Create(new SweepOptions()),
            TimeProvider.System,
            NullLogger<EndDeliveries>.Instance
        );
        using var worker = new EndDeliveryWorker(deliveries, client, NullLogger<EndDeliveryWorker>.Instance);
        await worker.StartAsync(CancellationToken.None);
        deliveries.HandOver([Ending]);
        await ((Hanging)(object)client).IsCalled.Task.WaitAsync(TestContext.Current.CancellationToken);

        var stop = worker.StopAsync(new CancellationToken(canceled: true));
        await stop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Status.ShouldBe(TaskStatus.RanToCompletion);
    }

    internal class Hanging : DispatchProxy
    {
        public TaskCompletionSource IsCalled { get; } = new();

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            IsCalled.TrySetResult();
            return new TaskCompletionSource<CommandsResult<Unit>>().Task;
        }
    }
}
