using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Data;
using NetPilot.Persistence;
using NetPilot.Web;

namespace NetPilot.Identity.Features.ListUsers;

internal sealed class ListUsersEndpoint(IdentityDbContext database) : Endpoint<ListUsersRequest, Page<AdminUserView>>
{
    private static readonly Keyset<Data.User> Newest = new(user => user.CreatedAt, user => user.Id);

    public override void Configure()
    {
        Get("/admin/users");
        Roles(Contracts.Roles.Admin);
        Description(endpoint => endpoint.Answers<Page<AdminUserView>>(200).Refuses(403, 503));
        Summary(summary => summary.Summary = "List users");
    }

    public override async Task HandleAsync(ListUsersRequest request, CancellationToken cancellationToken)
    {
        var page = PageRequest.Of(request.Limit, request.Cursor, "users", request.Search);
        var users = (string.IsNullOrEmpty(request.Search) ? database.Users : database.UsersByEmailPrefix(request.Search))
            .AsNoTracking()
            .Where(user => user.DeletedAt == null);
        var found = await users.ToPageAsync(Newest, page, cancellationToken);
        await Send.OkAsync(found.Select(AdminUserView.Of), cancellationToken);
    }
}

internal sealed record ListUsersRequest
{
    /// <summary>The beginning of the e-mail, in any case.</summary>
    [QueryParam]
    public string? Search { get; init; }

    /// <summary>How many to list at most (1 to 200; 50 unless given).</summary>
    [QueryParam]
    public int? Limit { get; init; }

    /// <summary>Where to go on: <c>nextCursor</c> of the page before.</summary>
    [QueryParam]
    public string? Cursor { get; init; }
}

internal sealed class ListUsersValidator : Validator<ListUsersRequest>
{
    public ListUsersValidator() => RuleFor(request => request.Search).Text(0, Data.User.MaxEmail);
}
