namespace NetPilot.Identity.Features.ChangeUser;

internal sealed class ChangeUserEndpoint(IdentityDbContext db, SessionEndings endings, TimeProvider time)
    : Endpoint<ChangeUserRequest, AdminUserResponse>
{
    public override void Configure()
    {
        Patch("admin/users/{id}");
        Roles(Contracts.Roles.Admin);
        Description(b => b.Answers<AdminUserResponse>(200).Refuses(ErrorCodes.UserNotFound, ErrorCodes.LastAdmin));
        this.Describe(
            "Admin",
            "Change a user",
            "Changes what the body names. Disabling a user ends the sessions of the user. The last admin who can log in stays one."
        );
    }

    public override async Task HandleAsync(ChangeUserRequest request, CancellationToken cancellationToken)
    {
        var id = PathId.TryRead(request.Id, out var parsed) ? parsed : throw new ProblemException(AccountProblems.UserNotFound());
        var (user, ended) = await DatabaseRetry.RunAsync(token => ChangeAsync(id, request, token), cancellationToken);
        endings.Deliver(ended);
        await Send.OkAsync(AdminUserResponse.Of(user), cancellationToken);
    }

    private async Task<(User User, List<EndingSession?> Ended)> ChangeAsync(
        Guid id,
        ChangeUserRequest request,
        CancellationToken cancellationToken
    )
    {
        // What an attempt before this one has read was rolled back.
        db.ChangeTracker.Clear();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var user =
            await LockUser.From(db, id).SingleOrDefaultAsync(cancellationToken)
            ?? throw new ProblemException(AccountProblems.UserNotFound());
        Apply(request, user);
        await db.SaveChangesAsync(cancellationToken);
        // Also of a user who was disabled by hand, whose sessions would live again once the user is enabled.
        var ended = request.Disabled.Or(false) ? await EndSessionsAsync(id, cancellationToken) : [];
        await LastAdmin.GuardAsync(() => transaction.CommitAsync(cancellationToken));
        return (user, ended);
    }

    private void Apply(ChangeUserRequest request, User user)
    {
        user.Tier = request.Tier.Or(user.Tier);
        user.Role = request.Role.Or(user.Role);
        if (request.Disabled.Or(user.DisabledAt is not null))
        {
            user.Disable(time.UtcNow());
        }
        else
        {
            user.Enable();
        }
    }

    private async Task<List<EndingSession?>> EndSessionsAsync(Guid userId, CancellationToken cancellationToken)
    {
        await using var batch = ((NpgsqlConnection)db.Database.GetDbConnection()).CreateBatch();
        EndSessions.OfUser(batch, endings.Terms(SessionEndReason.Disabled), userId);
        return await SessionEndings.RunAsync(batch, cancellationToken);
    }
}

/// <summary>What is to change.</summary>
/// <example>{"tier":"pro","disabled":false}</example>
internal sealed class ChangeUserRequest
{
    /// <summary>The user's id.</summary>
    /// <example>01a214b7-e53d-7493-93d2-219e32a48b86</example>
    [RouteParam, ShownAs(typeof(Guid))]
    public string Id { get; init; } = "";

    /// <summary>What the user pays for.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<UserTier> Tier { get; init; }

    /// <summary>What the user may administer.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<UserRole> Role { get; init; }

    /// <summary>Whether the user is kept from logging in.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<bool> Disabled { get; init; }
}
