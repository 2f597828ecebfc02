namespace NetPilot.Identity.Data.Entities;

/// <summary>A password that is being compared, or was wrong.</summary>
internal sealed class LoginAttempt
{
    public long Id { get; private init; }

    /// <summary>A hash of the given e-mail, whether or not it has an account.</summary>
    public byte[] Account { get; private init; } = null!;

    /// <summary>An IPv4 address, or the /64 of an IPv6 address.</summary>
    public string Network { get; private init; } = null!;

    public DateTimeOffset At { get; private init; }
}

/// <summary>A network of successful logins to the account.</summary>
internal sealed class KnownNetwork
{
    public Guid UserId { get; private init; }

    public string Network { get; private init; } = null!;

    public DateTimeOffset LastLoginAt { get; private init; }
}

internal sealed class LoginAttemptConfiguration : IEntityTypeConfiguration<LoginAttempt>
{
    public void Configure(EntityTypeBuilder<LoginAttempt> builder)
    {
        builder.ToTable("login_attempts");
        builder.Property(attempt => attempt.Network).HasMaxLength(50);
        builder.HasIndex(attempt => new { attempt.Account, attempt.At });
        builder.HasIndex(attempt => new { attempt.Network, attempt.At });
        builder.HasIndex(attempt => attempt.At);
    }
}

internal sealed class KnownNetworkConfiguration : IEntityTypeConfiguration<KnownNetwork>
{
    public void Configure(EntityTypeBuilder<KnownNetwork> builder)
    {
        builder.ToTable("known_networks");
        builder.Property(known => known.Network).HasMaxLength(50);
        builder.HasKey(known => new { known.UserId, known.Network });
        builder.HasIndex(known => known.LastLoginAt);
        builder.HasOne<User>().WithMany().HasForeignKey(known => known.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
