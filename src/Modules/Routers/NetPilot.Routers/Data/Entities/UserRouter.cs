namespace NetPilot.Routers.Data;

/// <summary>A router that a user has claimed. Claims are made by one statement (<c>RouterClaims</c>), so there is no factory here.</summary>
internal sealed class UserRouter
{
    public const int MaxNameLength = 100;

    private UserRouter() { }

    public Guid Id { get; private set; }

    public Guid UserId { get; private set; }

    public string RouterId { get; private set; } = null!;

    public string Name { get; private set; } = null!;

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset? LastSeenAt { get; private set; }

    public Reachability Reachability { get; private set; }

    public void Rename(string name) => Name = name;
}
