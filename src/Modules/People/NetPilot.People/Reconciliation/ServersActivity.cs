namespace NetPilot.People.Reconciliation;

/// <summary>What began and ended by itself, for the activity. When many schedules change in one minute, many entries share a round trip.</summary>
internal sealed class ServersActivity(IRouterActivityLog log)
{
    private readonly ConcurrentQueue<RouterActivity> pending = new();

    /// <summary>Notes the pauses that ended, and the windows that began or ended.</summary>
    public void Add(OwnedRouter router, RouterPlan plan, DateTimeOffset now)
    {
        foreach (var person in plan.People.Where(person => person.PauseEnds))
        {
            pending.Enqueue(Activities.Of(router, null, RouterActivityKind.Resume, person.Person.Name, now));
        }

        foreach (var schedule in plan.Schedules.Where(schedule => schedule.Turns))
        {
            pending.Enqueue(Activities.Of(router, null, RouterActivityKind.Schedule, schedule.Schedule.Name, now));
        }
    }

    public Task FlushAsync()
    {
        var activities = new List<RouterActivity>();
        while (pending.TryDequeue(out var activity))
        {
            activities.Add(activity);
        }

        return log.RecordAsync(activities);
    }
}

internal static class Activities
{
    /// <summary>The entry for a change of what is wanted; the commands that follow from it have entries of their own.</summary>
    public static RouterActivity Of(OwnedRouter router, Guid? actorId, RouterActivityKind kind, string target, DateTimeOffset at) =>
        new(
            router.RouterId,
            router.UserId,
            actorId,
            kind,
            target,
            RouterActivityOutcome.Succeeded,
            null,
            at,
            TimeSpan.Zero,
            CommandsClient.RouterSighting.None
        );
}
