namespace NetPilot.Blacklist.Features.BatchBlocks;

/// <summary>
/// Carries out many commands as if each were sent alone. What each of them wants is stored first; those that are new share one turn of the
/// router, and the others, which somebody else's command may be under way for, follow it.
/// </summary>
internal sealed class BlockBatches(RuleTargets targets, RunningCommands running, BlockAnswers answers)
{
    /// <param name="blocks">Whether it blocks, or else unblocks.</param>
    public async Task<BatchResponse> RunAsync<TItem>(
        HttpContext context,
        BatchRequest request,
        IValidator<TItem> validator,
        bool blocks,
        Func<RuleTarget, TItem, CancellationToken, Task<BegunCommand>> beginAsync,
        CancellationToken cancellationToken
    )
        where TItem : class, IDeviceChoice
    {
        TItem?[] items = [.. request.Items!.Select(item => BatchItems.Read(item, validator))];
        var (shared, targetOf) = await targets.OfBlocksAsync(context, request.RouterId, [.. items.OfType<TItem>()], cancellationToken);
        beginAsync = WhileDatabaseIsThere(beginAsync);
        var results = new Task<BatchResult>[items.Length];
        var later = new List<(int Index, BegunCommand Command, ChosenDevice Chosen)>();
        var run = Task.CompletedTask;
        try
        {
            for (var index = 0; index < items.Length; index++)
            {
                await BeginAsync(index, items[index]);
            }
        }
        finally
        {
            // What is stored goes out, whatever becomes of the request.
            run = shared.IsNeeded ? shared.RunAsync() : run;
            running.Track(run);
        }

        await WaitAsync(context, run, cancellationToken);
        later.ForEach(item => results[item.Index] = FinishAsync(item.Index, item.Command, item.Chosen, blocks, cancellationToken));
        return Answer(context, await Task.WhenAll(results));

        async Task BeginAsync(int index, TItem? item)
        {
            try
            {
                var (target, chosen) = item is null ? throw Malformed() : targetOf(item);
                if (blocks)
                {
                    chosen.RefuseRouter();
                }

                var begun = await beginAsync(target, item, cancellationToken);
                if (begun.IsStored)
                {
                    results[index] = FinishAsync(index, begun, chosen, blocks, cancellationToken);
                }
                else
                {
                    later.Add((index, begun, chosen));
                }
            }
            catch (Exception exception) when (ProblemOf(exception) is { } problem)
            {
                results[index] = Task.FromResult(Refused(index, problem));
            }
        }
    }

    /// <summary>Asks PostgreSQL no further once it is away: each item that is left would wait for it once more.</summary>
    private static Func<RuleTarget, TItem, CancellationToken, Task<BegunCommand>> WhileDatabaseIsThere<TItem>(
        Func<RuleTarget, TItem, CancellationToken, Task<BegunCommand>> beginAsync
    )
    {
        var isAway = false;
        return async (target, item, token) =>
        {
            try
            {
                return isAway ? throw new ProblemException(Problem.DatabaseUnavailable()) : await beginAsync(target, item, token);
            }
            catch (Exception exception) when (DatabaseFailures.IsUnavailable(exception))
            {
                isAway = true;
                throw;
            }
        };
    }

    // With a preference each item waits as long as the client prefers.
    private static async Task WaitAsync(HttpContext context, Task run, CancellationToken cancellationToken)
    {
        if (Preference.Read(context.Request.Headers) is { } prefer)
        {
            context.Response.Headers["Preference-Applied"] = prefer.Applied;
        }
        else
        {
            await run.WaitAsync(cancellationToken);
        }
    }

    private async Task<BatchResult> FinishAsync(
        int index,
        BegunCommand command,
        ChosenDevice chosen,
        bool blocks,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var answer = await command.FinishAsync(cancellationToken);
            var block = await answers.OfAsync(answer.Rule, chosen, cancellationToken);
            return new BatchResult(index, answer.Status(makes: blocks), null, block);
        }
        catch (Exception exception) when (ProblemOf(exception) is { } problem)
        {
            return Refused(index, problem);
        }
    }

    private static BatchResponse Answer(HttpContext context, BatchResult[] results)
    {
        if (!results.All(result => KeptAnswers.IsKept(result.Status)))
        {
            context.FreeKey();
        }

        return new BatchResponse(results);
    }

    private static ProblemException Malformed() => new(Problem.Invalid("items", "Is malformed."));

    private static BatchResult Refused(int index, Problem problem) => new(index, problem.Status, problem.Code, null);

    private static Problem? ProblemOf(Exception exception) =>
        exception is ProblemException refusal ? refusal.Problem
        : DatabaseFailures.IsUnavailable(exception) ? Problem.DatabaseUnavailable()
        : null;
}
