namespace NetPilot.Identity.Data.Entities;

internal sealed class User
{
    public const int MaxEmail = 254;
    public const int MaxFullName = 100;

    public Guid Id { get; private init; }

    public string Email { get; private init; } = null!;

    /// <summary>A PHC string.</summary>
    public string PasswordHash { get; private init; } = null!;

    /// <summary>Grows with each change of the password. A write after a comparison names the version that was compared.</summary>
    public int PasswordVersion { get; private init; }

    public string? FullName { get; set; }

    public UserTier Tier { get; set; }

    public UserRole Role { get; set; }

    public DateTimeOffset? DisabledAt { get; private set; }

    /// <summary>The time of the deletion. The row is deleted after all that belongs to it.</summary>
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

    public void Disable(DateTimeOffset now) => DisabledAt ??= now;

    public void Enable() => DisabledAt = null;
}

// The migrations make the two indexes on lower(email), because EF supports no expressions, and the triggers that keep the last admin.
internal sealed class UserConfiguration : IEntityTypeConfiguration<User>
{
    public void Configure(EntityTypeBuilder<User> builder)
    {
        builder.ToTable(
            "users",
            table =>
            {
                table.HasCheckConstraint("ck_users_tier", SnakeCase.Check<UserTier>("tier"));
                table.HasCheckConstraint("ck_users_role", SnakeCase.Check<UserRole>("role"));
            }
        );
        builder.Property(user => user.Id).ValueGeneratedNever();
        builder.Property(user => user.Email).HasMaxLength(User.MaxEmail);
        builder.Property(user => user.FullName).HasMaxLength(User.MaxFullName);
        builder.Property(user => user.PasswordVersion).HasDefaultValue(0);
        builder.HasIndex(user => new { user.CreatedAt, user.Id }).IsDescending();
        builder
            .HasIndex(user => user.Role)
            .HasDatabaseName("ix_users_admins")
            .HasFilter("role = 'admin' AND disabled_at IS NULL AND deleted_at IS NULL");
    }
}
