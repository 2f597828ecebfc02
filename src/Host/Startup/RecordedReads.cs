namespace NetPilot.Host.Startup;

/// <summary>
/// Notes which keys of the configuration are asked for, and of which the children are. It is a source of no values that is asked before all others.
/// </summary>
internal sealed class RecordedReads : IConfigurationSource
{
    private readonly HashSet<string> keys = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> parents = new(StringComparer.OrdinalIgnoreCase);
    private bool isOver;

    public static RecordedReads Of(IConfiguration configuration)
    {
        var reads = new RecordedReads();
        ((IConfigurationBuilder)configuration).Add(reads);
        return reads;
    }

    public bool IsRead(string key) => keys.Contains(key);

    /// <summary>Whether somebody asked for the children of a key. The binder does so where it makes no value of the key's own: for lists and groups.</summary>
    public bool IsParent(string key) => parents.Contains(key);

    public IEnumerable<string> Keys => keys;

    /// <summary>Nothing is noted any more.</summary>
    public void End() => isOver = true;

    public IConfigurationProvider Build(IConfigurationBuilder builder) => new Provider(this);

    private sealed class Provider(RecordedReads reads) : ConfigurationProvider
    {
        public override bool TryGet(string key, out string? value)
        {
            value = null;
            if (!reads.isOver)
            {
                reads.keys.Add(key);
            }

            return false;
        }

        public override IEnumerable<string> GetChildKeys(IEnumerable<string> earlierKeys, string? parentPath)
        {
            if (!reads.isOver && parentPath is not null)
            {
                reads.parents.Add(parentPath);
            }

            return earlierKeys;
        }

        public override void Set(string key, string? value)
        {
            // Whoever sets a value sets it in every source; the others keep it.
        }
    }
}
