using Xunit.v3;

namespace NetPilot.Testing;

/// <summary>
/// Tests in which the dialect of the Commands-Server makes no difference, or which choose it themselves: a run in the other dialect leaves them
/// out (<c>dev/test Host@deployed</c>).
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class OneDialectAttribute : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("Dialect", "one")];
}
