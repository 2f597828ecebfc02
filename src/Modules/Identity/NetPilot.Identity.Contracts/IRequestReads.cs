using System.Data.Common;
using Microsoft.AspNetCore.Http;

namespace NetPilot.Identity.Contracts;

/// <summary>
/// What a module above reads for a request in the same round trip to PostgreSQL as the caller's session. It saves a round trip: what is not
/// read here is read later. The statements stand in the batch in the order in which their implementations are registered.
/// </summary>
public interface IRequestReads
{
    /// <summary>
    /// The module's statement for this request; null if the request needs none. Routing is done, and the user is the one of a signed token. The
    /// same batch reads whether the session is live.
    /// </summary>
    DbBatchCommand? For(HttpContext context, Guid userId);

    /// <summary>Reads the statement's result into the request. It is called for a live session only.</summary>
    Task ReadAsync(HttpContext context, Guid userId, DbDataReader result, CancellationToken cancellationToken);
}
