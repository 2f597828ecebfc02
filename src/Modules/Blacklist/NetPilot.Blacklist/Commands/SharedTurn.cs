namespace NetPilot.Blacklist.Commands;

/// <summary>
/// One turn of a router for many commands, which run one after the other in the order in which they were added. Those that the time does not
/// suffice for get none, and end as if no turn had come for them.
/// </summary>
internal sealed class SharedTurn(RuleTurns turns, OwnedRouter router, CommandActor actor, RequestBudget budget)
{
    private readonly List<Entry> entries = [];

    public bool IsNeeded => entries.Count > 0;

    /// <summary>
    /// Starts the commands, and the turn in which they run. They run on whatever becomes of who asked; how each one ended stands in its row.
    /// </summary>
    public Task[] Start(RunningCommands running, IEnumerable<RuleCommand> commands)
    {
        Task[] started =
        [
            .. commands.Select(entry =>
            {
                var ended = AddAsync(entry.RunAsync);
                return running.Start(entry.Rule.Id, () => ended);
            }),
        ];
        if (!IsNeeded)
        {
            return started;
        }

        var run = RunAsync();
        running.Track(run);
        return [.. started, run];
    }

    /// <summary>Adds a command. To be called before the turn is run.</summary>
    public Task<CommandEnd> AddAsync(Func<RuleTurn?, Task<CommandEnd>> command)
    {
        var entry = new Entry(command, new TaskCompletionSource<CommandEnd>(TaskCreationOptions.RunContinuationsAsynchronously));
        entries.Add(entry);
        return entry.Ended.Task;
    }

    /// <summary>Takes the turn and runs the commands in it. What fails, fails for the commands that are left.</summary>
    public async Task RunAsync()
    {
        try
        {
            await using var turn = await turns.TakeAsync(router, actor, budget);
            var isHeld = turn is not null;
            var left = new List<(Func<Task<CommandEnd>> FinishAsync, TaskCompletionSource<CommandEnd> Ended)>();
            foreach (var (command, ended) in entries)
            {
                isHeld = isHeld && (ended == entries[0].Ended || await turn!.MayGoOnAsync());
                var granted = isHeld ? turn : null;
                if (await RunAsync(() => command(granted), ended) is { } rest)
                {
                    left.Add((rest, ended));
                }
            }

            // The look for one device does not keep the others waiting.
            foreach (var (finishAsync, ended) in left)
            {
                await RunAsync(finishAsync, ended);
            }
        }
        catch (Exception exception) when (entries.Exists(entry => !entry.Ended.Task.IsCompleted))
        {
            entries.ForEach(entry => entry.Ended.TrySetException(exception));
        }
    }

    /// <returns>What is left to do; null: the command has ended.</returns>
    private static async Task<Func<Task<CommandEnd>>?> RunAsync(Func<Task<CommandEnd>> command, TaskCompletionSource<CommandEnd> ended)
    {
        try
        {
            var end = await command();
            if (end.Rest is null)
            {
                ended.SetResult(end);
            }

            return end.Rest;
        }
        catch (Exception exception)
        {
            ended.SetException(exception);
            return null;
        }
    }

    private sealed record Entry(Func<RuleTurn?, Task<CommandEnd>> Command, TaskCompletionSource<CommandEnd> Ended);
}

/// <summary>What is to be done for a row in the router's turn; null for the turn: none came in time.</summary>
internal sealed record RuleCommand(Rule Rule, Func<RuleTurn?, Task<CommandEnd>> RunAsync);
