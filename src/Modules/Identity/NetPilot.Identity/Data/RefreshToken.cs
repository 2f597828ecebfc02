namespace NetPilot.Identity.Data;

/// <summary>A refresh token, by its hash. A spent one stays while its session lives, so that its reuse is seen.</summary>
internal sealed class RefreshToken
{
    private RefreshToken() { }

    public byte[] TokenHash { get; private init; } = null!;

    public Guid SessionId { get; private init; }

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset? ReplacedAt { get; private init; }

    /// <summary>The successor, readable with this token alone, until it is used.</summary>
    public byte[]? SealedSuccessor { get; private init; }

    /// <summary>The hash of the token that this one replaced: its sealed successor is erased when this one is used.</summary>
    public byte[]? PredecessorHash { get; private init; }
}
