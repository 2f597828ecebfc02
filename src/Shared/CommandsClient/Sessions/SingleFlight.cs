namespace NetPilot.CommandsClient.Sessions;

/// <summary>
/// Lets many callers wait for one piece of work. The work belongs to none of them: it runs on when a caller stops waiting.
/// </summary>
internal sealed class SingleFlight<TKey, TResult>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Lazy<Task<TResult>>> _flights = new();

    public Task<TResult> RunAsync(TKey key, Func<Task<TResult>> work) =>
        _flights.GetOrAdd(key, _ => new Lazy<Task<TResult>>(() => Task.Run(() => FlyAsync(key, work)))).Value;

    private async Task<TResult> FlyAsync(TKey key, Func<Task<TResult>> work)
    {
        try
        {
            return await work();
        }
        finally
        {
            _flights.TryRemove(key, out _);
        }
    }
}
