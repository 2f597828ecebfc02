using System.Data.Common;
using Microsoft.AspNetCore.Http;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Data.Entities;
using NetPilot.Routers.Data.Statements;
using NetPilot.Web;

namespace NetPilot.Routers.Features.ListRouters;

/// <summary>The first page of the caller's routers, read with the session.</summary>
internal sealed class FirstRouters : IRequestReads
{
    public DbBatchCommand? For(HttpContext context, Guid userId) =>
        context.AsksForFirstPageOf<ListRoutersEndpoint>() ? ReadFirstRouters.Command(userId) : null;

    public async Task ReadAsync(HttpContext context, Guid userId, DbDataReader result, CancellationToken cancellationToken) =>
        context.SetFirstPage(await result.ReadAllAsync(UserRouter.Read, cancellationToken));
}
