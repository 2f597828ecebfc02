namespace NetPilot.Routers.Turns;

/// <summary>The question of the head of this replica's queue.</summary>
internal sealed class TurnAsk(OwnedRouter router, TimeSpan lease, Guid replica, TurnQueues queues) : ITurnAsk
{
    private RouterTurn? granted;
    private bool isOver;

    public string Key { get; } = router.RouterId + "/" + router.UserId;

    public void AddTo(NpgsqlBatch batch) => AskForTurn.AddTo(batch, router, lease, replica, Key);

    public async Task ReadAsync(NpgsqlDataReader result, CancellationToken cancellationToken) =>
        granted = await result.ReadAsync(cancellationToken)
            ? new RouterTurn(router.RouterId, result.GetInt64(0)) { OwnerId = router.UserId }
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
