using Microsoft.AspNetCore.Http;

namespace NetPilot.Routers.Features.ListRouters;

/// <summary>The first page of the caller's routers, read with the session.</summary>
internal sealed class FirstRouters : IRequestReads
{
    public DbBatchCommand? For(HttpContext context, Guid userId) =>
        context.AsksForFirstPageOf<ListRoutersEndpoint>() ? ReadFirstRouters.Command(userId) : null;

    public async Task ReadAsync(HttpContext context, Guid userId, DbDataReader result, CancellationToken cancellationToken) =>
        context.SetFirstPage(await result.ReadAllAsync(UserRouter.Read, cancellationToken));
}
