namespace NetPilot.Routers.Activities;

internal sealed class RouterActivityLog(LateRecords records) : IRouterActivityLog
{
    public Task RecordAsync(IReadOnlyList<RouterActivity> activities) =>
        activities.Count == 0
            ? Task.CompletedTask
            : records.WriteAsync(activities[0].RouterId, batch => RecordActivities.AddTo(batch, activities));
}
