namespace NetPilot.Identity.Features.ListUsers;

internal sealed class ListUsersEndpoint(IdentityDbContext db) : Endpoint<ListUsersRequest, Page<AdminUserResponse>>
{
    private static readonly Keyset<User> Newest = new(user => user.CreatedAt, user => user.Id);

    public override void Configure()
    {
        Get("admin/users");
        Roles(Contracts.Roles.Admin);
        Description(b => b.Answers<Page<AdminUserResponse>>(200));
        this.Describe("Admin", "List users", "Lists the users, newest first.");
    }

    public override async Task HandleAsync(ListUsersRequest request, CancellationToken cancellationToken)
    {
        var page = PageRequest.Of(request.Limit, request.Cursor, "users", request.Search);
        var users = db.Users.AsNoTracking().Where(user => user.DeletedAt == null);
        if (request.Search?.ToLowerInvariant() is { Length: > 0 } beginning)
        {
            users = users.Where(user => IdentityDbContext.Lower(user.Email).StartsWith(beginning));
        }

        var found = await users.ToPageAsync(Newest, page, cancellationToken);
        await Send.OkAsync(found.Select(AdminUserResponse.Of), cancellationToken);
    }
}

/// <summary>Which users to list.</summary>
internal sealed class ListUsersRequest : PageOnlyRequest
{
    /// <summary>The beginning of the e-mail address, in any case.</summary>
    [QueryParam]
    public string? Search { get; init; }
}

internal sealed class ListUsersValidator : Validator<ListUsersRequest>
{
    public ListUsersValidator() => RuleFor(request => request.Search).SearchText();
}
