using NetPilot.Idempotency.Data.Entities;

namespace NetPilot.Idempotency.Data;

/// <summary>
/// The context of the module that hosts the keys: it applies <see cref="IdempotencyKeyConfiguration"/>, and its migrations make the table, in its
/// schema (docs/decisions/0036).
/// </summary>
public interface IIdempotencyContext
{
    DbSet<IdempotencyKey> IdempotencyKeys { get; }
}
