namespace NetPilot.Identity.Features.ChangeMe;

internal sealed class ChangeMeEndpoint(IdentityDbContext db) : Endpoint<ChangeMeRequest, UserResponse>
{
    public override void Configure()
    {
        Patch("me");
        Description(b => b.Answers<UserResponse>(200));
        this.Describe("Account", "Change my account", "Changes what the body names. `null` clears `fullName`.");
    }

    public override async Task HandleAsync(ChangeMeRequest request, CancellationToken cancellationToken)
    {
        var user = await db.Users.CallerAsync(HttpContext, cancellationToken);
        user.FullName = request.FullName.Or(user.FullName);
        await db.SaveOrRefuseAsync(gone: Problem.Unauthorized(), cancellationToken);
        await Send.OkAsync(UserResponse.Of(user), cancellationToken);
    }
}

/// <summary>What is to change.</summary>
/// <example>{"fullName":"Ada Lovelace"}</example>
internal sealed class ChangeMeRequest
{
    /// <summary>What to call the user; null for nothing.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<string?> FullName { get; init; }
}

internal sealed class ChangeMeValidator : Validator<ChangeMeRequest>
{
    public ChangeMeValidator() => RuleFor(request => request.FullName).Text(1, User.MaxFullName);
}
