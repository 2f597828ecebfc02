using System.Globalization;
using System.Security.Cryptography;
using NetPilot.DevStack.Simulator;
using Shouldly;
using Xunit;

namespace NetPilot.Chaos.Tests;

/// <summary>
/// The database never lies about the router, nothing that was acknowledged is lost, and changes of one router never overlap: while replicas,
/// PostgreSQL and the Commands-Server are killed under load. <c>NETPILOT_CHAOS_SEED</c> repeats a run's choices,
/// <c>NETPILOT_CHAOS_SECONDS</c> makes it longer.
/// </summary>
/// <remarks>
/// That changes never overlap can be demanded exactly: what a fault delays takes effect within half a second, the shortest time after which
/// anybody gives a call up is five seconds, and a killed replica's lease outlives both; what hangs longer was executed at once or never.
/// </remarks>
public sealed class ChaosTests(ITestOutputHelper output)
{
    private static readonly int Seconds = int.Parse(
        Environment.GetEnvironmentVariable("NETPILOT_CHAOS_SECONDS") ?? "7",
        CultureInfo.InvariantCulture
    );

    private const int LeastAcknowledged = 40;
    private const int MostFurtherSeconds = 180;

    [Fact]
    public Task Replicas_are_killed() =>
        RunAsync(
            SimulatorDialect.Plan,
            replicas: 2,
            async (stack, random, stopping) =>
            {
                while (!stopping.IsCancellationRequested)
                {
                    await ChaosLoad.RestAsync(random.Next(200, 2500));
                    var place = random.Next(2);
                    await stack.KillReplicaAsync(place);
                    await stack.StartReplicaAsync(place, CancellationToken.None);
                }
            }
        );

    [Fact]
    public Task PostgreSQL_is_killed() =>
        RunAsync(
            SimulatorDialect.Plan,
            replicas: 1,
            async (stack, random, stopping) =>
            {
                while (!stopping.IsCancellationRequested)
                {
                    await ChaosLoad.RestAsync(random.Next(500, 3000));
                    await (
                        random.Next(3) == 0
                            ? stack.RestartPostgresAsync(CancellationToken.None)
                            : stack.KillPostgresAsync(CancellationToken.None)
                    );
                }
            }
        );

    [Fact]
    public Task Answers_are_lost_and_the_Commands_Server_restarts() =>
        RunAsync(
            SimulatorDialect.Plan,
            replicas: 1,
            (stack, random, stopping) => Task.WhenAll(FailAsync(stack, random, stopping), RestartCommandsAsync(stack, random, stopping))
        );

    [Fact]
    public Task Everything_at_once_in_the_deployed_dialect() =>
        RunAsync(
            SimulatorDialect.Deployed,
            replicas: 2,
            async (stack, random, stopping) =>
            {
                var faults = FailAsync(stack, new Random(random.Next()), stopping);
                var restarts = RestartCommandsAsync(stack, new Random(random.Next()), stopping);
                while (!stopping.IsCancellationRequested)
                {
                    await ChaosLoad.RestAsync(random.Next(500, 3000));
                    if (random.Next(3) == 0)
                    {
                        await stack.KillPostgresAsync(CancellationToken.None);
                    }
                    else
                    {
                        var place = random.Next(2);
                        await stack.KillReplicaAsync(place);
                        await stack.StartReplicaAsync(place, CancellationToken.None);
                    }
                }

                await Task.WhenAll(faults, restarts);
            }
        );

    private async Task RunAsync(SimulatorDialect dialect, int replicas, Func<ChaosStack, Random, CancellationToken, Task> trouble)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("NETPILOT_CHAOS_SEED"), CultureInfo.InvariantCulture, out var given)
            ? given
            : RandomNumberGenerator.GetInt32(1_000_000);
        output.WriteLine($"NETPILOT_CHAOS_SEED={seed}");
        await using var stack = await ChaosStack.StartAsync(dialect, replicas, TestContext.Current.CancellationToken);
        var load = new ChaosLoad(stack, seed);
        await load.PrepareAsync(users: 3, routersEach: 2, devicesEach: 5);

        using var time = new CancellationTokenSource();
        // Trouble ends first, so that all is up again when the last commands end.
        await Task.WhenAll(load.RunAsync(time.Token), trouble(stack, new Random(seed), time.Token), EndAsync(load, time));
        stack.Commands.ClearFaults();

        var (wrong, took) = await new ChaosVerdict(stack, load).AwaitAsync();
        output.WriteLine($"{Summary(load)}; agreed after {took.TotalSeconds:0.0} s");
        for (var place = 0; place < replicas; place++)
        {
            await stack.KillReplicaAsync(place);
        }

        wrong.ShouldBeEmpty(
            $"""
            NETPILOT_CHAOS_SEED={seed}, after {took.TotalSeconds:0.0} s:
            {string.Join('\n', wrong)}
            {string.Join('\n', stack.Output.Where(line => line.Contains("\"Error\"", StringComparison.Ordinal)).TakeLast(5))}
            """
        );
        load.Acknowledged.ShouldBeGreaterThanOrEqualTo(LeastAcknowledged, "there was a load to speak of");
    }

    /// <summary>Ends load and trouble when their time is over. A machine too slow to have met the load by then goes on until it has.</summary>
    private async Task EndAsync(ChaosLoad load, CancellationTokenSource time)
    {
        await ChaosLoad.RestAsync(Seconds * 1000);
        if (load.Acknowledged < LeastAcknowledged)
        {
            output.WriteLine($"Only {load.Acknowledged} commands were acknowledged after {Seconds} s: going on.");
        }

        for (var more = 0; more < MostFurtherSeconds && load.Acknowledged < LeastAcknowledged; more++)
        {
            await ChaosLoad.RestAsync(1000);
        }

        await time.CancelAsync();
    }

    /// <summary>Adds faults of every kind, a few at a time, to any operation on any router.</summary>
    private static async Task FailAsync(ChaosStack stack, Random random, CancellationToken stopping)
    {
        SimulatorOperation[] operations =
        [
            SimulatorOperation.Block,
            SimulatorOperation.Block,
            SimulatorOperation.Unblock,
            SimulatorOperation.Unblock,
            SimulatorOperation.Blocked,
            SimulatorOperation.BlacklistAdd,
            SimulatorOperation.BlacklistRemove,
            SimulatorOperation.WhitelistAdd,
            SimulatorOperation.Reset,
            SimulatorOperation.Scan,
            SimulatorOperation.SessionStart,
            SimulatorOperation.SessionEnd,
        ];
        while (!stopping.IsCancellationRequested)
        {
            await ChaosLoad.RestAsync(random.Next(50, 250));
            if (stack.Commands.Faults.Count > 40)
            {
                stack.Commands.ClearFaults();
            }

            var operation = operations[random.Next(operations.Length)];
            var fault = random.Next(14) switch
            {
                0 or 1 => new Fault(FaultKind.ResetAfter),
                2 => new Fault(FaultKind.ResetBefore),
                3 => new Fault(FaultKind.Hang),
                4 => new Fault(FaultKind.Hang) { Executed = true },
                5 => new Fault(FaultKind.HangBody),
                6 => new Fault(FaultKind.Truncated),
                7 => new Fault(FaultKind.Empty),
                // Who is told that a session is unknown takes it for ended, so an end that is answered like this leaves none.
                8 => new Fault(FaultKind.Envelope) { Status = 401, Executed = operation is SimulatorOperation.SessionEnd },
                9 => new Fault(FaultKind.Envelope) { Status = 503 },
                10 => new Fault(FaultKind.Html) { Status = 503, Executed = random.Next(2) == 0 },
                11 => new Fault(FaultKind.WrongShape),
                _ => new Fault(FaultKind.Delay) { Delay = TimeSpan.FromMilliseconds(random.Next(50, 400)) },
            };
            stack.Commands.AddFault(fault with { Operation = operation, Times = random.Next(1, 3) });
        }
    }

    private static async Task RestartCommandsAsync(ChaosStack stack, Random random, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await ChaosLoad.RestAsync(random.Next(500, 2500));
            if (random.Next(2) == 0)
            {
                stack.Commands.DropSessions();
            }
            else
            {
                await stack.Commands.StopAsync();
                await ChaosLoad.RestAsync(random.Next(1, 300));
                await stack.Commands.StartAsync(CancellationToken.None);
            }
        }
    }

    private static string Summary(ChaosLoad load) =>
        $"{load.Told.Count} commands: "
        + string.Join(
            ", ",
            load.Told.GroupBy(told => told.Answer?.Status.ToString(CultureInfo.InvariantCulture) ?? "none")
                .OrderBy(group => group.Key)
                .Select(group => $"{group.Count()} × {group.Key}")
        )
        + $", {load.LoggedOut.Count} logouts";
}
