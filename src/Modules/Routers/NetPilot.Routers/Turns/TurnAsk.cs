namespace NetPilot.Routers.Turns;

/// <summary>The question of the head of this replica's queue.</summary>
internal sealed class TurnAsk(OwnedRouter router, TimeSpan callTimeout, Guid replica, TurnQueues queues, TimeProvider time) : ITurnAsk
{
    private LeaseTime? lease;
    private RouterTurn? granted;
    private bool isOver;

    public string Key { get; } = router.RouterId + "/" + router.UserId;

    public void AddTo(NpgsqlBatch batch)
    {
        lease = new LeaseTime(time, callTimeout);
        AskForTurn.AddTo(batch, router, lease.Length, replica, Key);
    }

    public async Task ReadAsync(NpgsqlDataReader result, CancellationToken cancellationToken) =>
        granted = await result.ReadAsync(cancellationToken)
            ? new RouterTurn(router.RouterId, result.GetInt64(0), replica, lease!) { OwnerId = router.UserId }
            : null;

    public RouterTurn? Take()
    {
        if (granted is null)
        {
            Dispose();
        }

        isOver = true;
        return granted;
    }

    public void Dispose()
    {
        if (!isOver)
        {
            isOver = true;
            queues.Exit(router.RouterId);
        }
    }
}
