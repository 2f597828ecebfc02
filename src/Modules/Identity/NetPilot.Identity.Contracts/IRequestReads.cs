using System.Data.Common;
using Microsoft.AspNetCore.Http;

namespace NetPilot.Identity.Contracts;

/// <summary>
/// What a module above reads for a request in the same round trip to PostgreSQL as the caller's session. A saving only: what is not read here
/// is read later, by whoever needs it.
/// </summary>
public interface IRequestReads
{
    /// <summary>
    /// The module's statement for this request, or null if the request needs none. Routing is done by now, and the user is what a signed token
    /// says; whether the session is live is read in the same batch.
    /// </summary>
    DbBatchCommand? For(HttpContext context, Guid userId);

    /// <summary>Takes the statement's result. Called only for a live session. Keeps what it reads in the request.</summary>
    Task ReadAsync(HttpContext context, Guid userId, DbDataReader result, CancellationToken cancellationToken);
}
