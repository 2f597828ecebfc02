using NetPilot.Idempotency.Data;
using NetPilot.Idempotency.Data.Entities;
using NetPilot.Idempotency.Data.Statements;

namespace NetPilot.Idempotency;

/// <summary>A request by its name: scoped to user, method and path.</summary>
internal sealed record RequestName(Guid UserId, string Method, string Path, string Key);

/// <summary>An answer, as it is kept and given again.</summary>
internal sealed record KeptAnswer(int Status, string? ContentType, string? Location, string? PreferenceApplied, byte[] Body);

/// <summary>A resource of the REST contract.</summary>
/// <param name="Collection">The path of its collection, in lower case.</param>
/// <param name="Field">The field of the collection's answers that names it.</param>
/// <param name="Id">Its id, in the field and behind the collection's path.</param>
public sealed record ResourceName(string Collection, string Field, string Id);

internal enum KeyClaim
{
    /// <summary>The request is the first one of this name, and runs.</summary>
    First,

    /// <summary>The name was used for another body.</summary>
    Reused,

    /// <summary>The first one runs still.</summary>
    InFlight,

    /// <summary>The first one's answer is there.</summary>
    Answered,

    /// <summary>The user's kept answers leave no room for a large one.</summary>
    NoRoom,
}

/// <summary>The table of the keys.</summary>
/// <param name="Name">Its name, with the schema.</param>
public sealed record IdempotencyTable(string Name);

/// <summary>The keys and the answers that are kept under them, for a day.</summary>
public sealed class IdempotencyStore(IIdempotencyContext db, IdempotencyTable table, NpgsqlDataSource database, TimeProvider time)
{
    internal static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    /// <summary>Forgets all answers about a resource in the batch that removes it: a repeat is to be done anew, and not answered as before.</summary>
    public void Forget(NpgsqlBatch batch, Guid userId, ResourceName resource) => ForgetResource.AddTo(batch, table.Name, userId, resource);

    public Task ForgetAllAsync(Guid userId, CancellationToken cancellationToken) =>
        db.IdempotencyKeys.Where(row => row.UserId == userId).ExecuteDeleteAsync(cancellationToken);

    internal Task<(KeyClaim Claim, KeptAnswer? Answer)> ClaimAsync(
        RequestName request,
        byte[] bodyHash,
        bool isLarge,
        DateTimeOffset lockedUntil,
        CancellationToken cancellationToken
    )
    {
        var now = time.UtcNow();
        return ClaimKey.ExecuteAsync(database, table.Name, request, bodyHash, now, lockedUntil, now - KeptFor, isLarge, cancellationToken);
    }

    /// <summary>Keeps the answer of the request that holds the key, unless it took so long that another one holds it now.</summary>
    internal Task KeepAsync(RequestName request, DateTimeOffset lockedUntil, KeptAnswer answer, CancellationToken cancellationToken) =>
        HeldBy(request, lockedUntil)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(row => row.Status, answer.Status)
                        .SetProperty(row => row.ContentType, answer.ContentType)
                        .SetProperty(row => row.Location, answer.Location)
                        .SetProperty(row => row.PreferenceApplied, answer.PreferenceApplied)
                        .SetProperty(row => row.Body, answer.Body),
                cancellationToken
            );

    internal Task FreeAsync(RequestName request, DateTimeOffset lockedUntil, CancellationToken cancellationToken) =>
        HeldBy(request, lockedUntil).ExecuteDeleteAsync(cancellationToken);

    private IQueryable<IdempotencyKey> HeldBy(RequestName request, DateTimeOffset lockedUntil) =>
        db.IdempotencyKeys.Where(row =>
            row.UserId == request.UserId
            && row.Method == request.Method
            && row.Path == request.Path
            && row.Key == request.Key
            && row.Status == null
            && row.LockedUntil == lockedUntil
        );
}
