namespace NetPilot.CommandsClient;

internal static class Sweeping
{
    /// <summary>Removes what is old once there are more entries than this.</summary>
    public static void Sweep<TKey, TValue>(this ConcurrentDictionary<TKey, TValue> entries, int above, Func<TValue, bool> isOld)
        where TKey : notnull
    {
        if (entries.Count <= above)
        {
            return;
        }

        foreach (var (key, value) in entries)
        {
            if (isOld(value))
            {
                entries.TryRemove(key, out _);
            }
        }
    }
}
