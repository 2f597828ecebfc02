using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace NetPilot.Idempotency.Data.Entities;

/// <summary>A request that a client named, so that a repeat of it gets the first answer.</summary>
public sealed class IdempotencyKey
{
    public Guid UserId { get; init; }

    public required string Method { get; init; }

    public required string Path { get; init; }

    public required string Key { get; init; }

    public required byte[] BodyHash { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when the first request counts as running: a replica that died with it frees the key then.</summary>
    public DateTimeOffset LockedUntil { get; init; }

    /// <summary>The answer's status; null while the first request runs.</summary>
    public int? Status { get; init; }

    public string? ContentType { get; init; }

    public string? Location { get; init; }

    public string? PreferenceApplied { get; init; }

    public byte[]? Body { get; init; }
}

public sealed class IdempotencyKeyConfiguration : IEntityTypeConfiguration<IdempotencyKey>
{
    internal const string Table = "idempotency_keys";

    public void Configure(EntityTypeBuilder<IdempotencyKey> builder)
    {
        builder.ToTable(Table);
        builder.HasKey(row => new
        {
            row.UserId,
            row.Method,
            row.Path,
            row.Key,
        });
        builder.Property(row => row.Key).HasMaxLength(128);
        builder.HasIndex(row => row.CreatedAt);
    }
}
