using NetPilot.Identity.Contracts;

namespace NetPilot.Identity.Data;

internal sealed class User
{
    public const int MaxEmail = 254;
    public const int MaxFullName = 100;

    private User() { }

    public Guid Id { get; private init; }

    public string Email { get; private init; } = null!;

    /// <summary>A PHC string.</summary>
    public string PasswordHash { get; private init; } = null!;

    /// <summary>Grows with every change of the password, so that whoever compared with an old one notices.</summary>
    public int PasswordVersion { get; private init; }

    public string? FullName { get; private set; }

    public UserTier Tier { get; set; }

    public UserRole Role { get; set; }

    public DateTimeOffset? DisabledAt { get; private set; }

    /// <summary>Since when the account is dead. The row goes when all that belongs to it is gone.</summary>
    public DateTimeOffset? DeletedAt { get; private init; }

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset? LastLoginAt { get; private init; }

    public static User Register(Guid id, string email, string passwordHash, string? fullName, DateTimeOffset now) =>
        new()
        {
            Id = id,
            Email = email,
            PasswordHash = passwordHash,
            FullName = fullName,
            CreatedAt = now,
        };

    public void Rename(string? fullName) => FullName = fullName;

    public void Disable(DateTimeOffset now) => DisabledAt ??= now;

    public void Enable() => DisabledAt = null;
}
