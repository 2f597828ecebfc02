using FluentValidation;
using Microsoft.AspNetCore.Http;
using NetPilot.Devices.Contracts;

namespace NetPilot.Blacklist.Features.BatchBlocks;

/// <summary>
/// Carries out many commands as if each were sent alone. What each of them wants is stored first; those that are new share one turn of the
/// router, and the others, which somebody else's command may be under way for, follow it.
/// </summary>
internal sealed class BlockBatches(RuleTargets targets, RunningCommands running, BlockAnswers answers)
{
    /// <param name="context">The request.</param>
    /// <param name="request">What it says.</param>
    /// <param name="validator">Says which items are malformed.</param>
    /// <param name="blocks">Whether it blocks, or else unblocks.</param>
    /// <param name="beginAsync">Stores what an item wants.</param>
    /// <param name="cancellationToken">Ends the waiting, not the commands.</param>
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
        IDeviceChoice[] choices = [.. items.OfType<TItem>()];
        var (shared, targetOf) = await targets.OfBlocksAsync(context, request.RouterId, choices, cancellationToken);

        var results = new Task<BatchResult>[items.Length];
        var later = new List<(int Index, BegunCommand Command, KnownDevice? Device)>();
        for (var index = 0; index < items.Length; index++)
        {
            if (items[index] is not { } item)
            {
                results[index] = Task.FromResult(Refused(index, Problem.Invalid("items", "Is malformed.")));
                continue;
            }

            try
            {
                var (target, chosen) = targetOf(item);
                if (blocks)
                {
                    chosen.RefuseRouter();
                }

                var begun = await beginAsync(target, item, cancellationToken);
                if (begun.IsStored)
                {
                    results[index] = FinishAsync(index, begun, chosen.Device, blocks, cancellationToken);
                }
                else
                {
                    later.Add((index, begun, chosen.Device));
                }
            }
            catch (Exception exception) when (ProblemOf(exception) is { } problem)
            {
                results[index] = Task.FromResult(Refused(index, problem));
            }
        }

        var prefer = Preference.Read(context.Request.Headers);
        if (prefer is not null)
        {
            context.Response.Headers["Preference-Applied"] = prefer.Applied;
        }

        await RunAsync(shared, hasPatience: prefer is null, cancellationToken);
        foreach (var (index, command, device) in later)
        {
            results[index] = FinishAsync(index, command, device, blocks, cancellationToken);
        }

        return new BatchResponse(await Task.WhenAll(results));
    }

    private async Task RunAsync(SharedTurn shared, bool hasPatience, CancellationToken cancellationToken)
    {
        if (!shared.IsNeeded)
        {
            return;
        }

        var run = shared.RunAsync();
        running.Track(run);
        if (hasPatience)
        {
            await run.WaitAsync(cancellationToken);
        }
    }

    private async Task<BatchResult> FinishAsync(
        int index,
        BegunCommand command,
        KnownDevice? device,
        bool blocks,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var answer = await command.FinishAsync(cancellationToken);
            var block = await answers.OfAsync(answer.Rule, DeviceNames.Of(device), cancellationToken);
            return new BatchResult(index, answer.Status(makes: blocks), null, block);
        }
        catch (Exception exception) when (ProblemOf(exception) is { } problem)
        {
            return Refused(index, problem);
        }
    }

    private static BatchResult Refused(int index, Problem problem) => new(index, problem.Status, problem.Code, null);

    private static Problem? ProblemOf(Exception exception) =>
        exception is ProblemException refusal ? refusal.Problem
        : DatabaseFailures.IsUnavailable(exception) ? Problem.DatabaseUnavailable()
        : null;
}
