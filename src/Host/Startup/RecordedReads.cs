namespace NetPilot.Host.Startup;

/// <summary>
/// Notes which keys of the configuration are asked for. It is a source of no values that is asked before all others.
/// </summary>
internal sealed class RecordedReads : IConfigurationSource
{
    private readonly HashSet<string> keys = new(StringComparer.OrdinalIgnoreCase);
    private bool isOver;

    public static RecordedReads Of(IConfiguration configuration)
    {
        var reads = new RecordedReads();
        ((IConfigurationBuilder)configuration).Add(reads);
        return reads;
    }

    /// <summary>The keys so far; none is noted any more.</summary>
    public IReadOnlySet<string> End()
    {
        isOver = true;
        return keys;
    }

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

        public override void Set(string key, string? value)
        {
            // Whoever sets a value sets it in every source; the others keep it.
        }
    }
}
