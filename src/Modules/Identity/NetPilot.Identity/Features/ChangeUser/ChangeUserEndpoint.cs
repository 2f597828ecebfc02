using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Data;
using NetPilot.Identity.Sessions;
using NetPilot.Persistence;
using NetPilot.Web;
using Npgsql;

namespace NetPilot.Identity.Features.ChangeUser;

internal sealed class ChangeUserEndpoint(IdentityDbContext database, SessionEndings endings, TimeProvider time)
    : Endpoint<ChangeUserRequest, AdminUserView>
{
    public override void Configure()
    {
        Patch("/admin/users/{id}");
        Roles(Contracts.Roles.Admin);
        Description(endpoint => endpoint.Answers<AdminUserView>(200).Refuses(403, 404, 409, 503));
        Summary(summary =>
        {
            summary.Summary = "Change a user";
            summary.Description = "What is absent stays. Disabling ends the user's sessions. The last admin who can log in stays one.";
        });
    }

    public override async Task HandleAsync(ChangeUserRequest request, CancellationToken cancellationToken)
    {
        var id = Guid.TryParseExact(request.Id, "D", out var parsed) ? parsed : throw new ProblemException(AccountProblems.UserNotFound());
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var user =
            await database
                .Users.FromSql($"SELECT * FROM identity.users WHERE id = {id} AND deleted_at IS NULL FOR NO KEY UPDATE")
                .SingleOrDefaultAsync(cancellationToken)
            ?? throw new ProblemException(AccountProblems.UserNotFound());
        var disables = request.Disabled.Or(false) && user.DisabledAt is null;
        Apply(request, user);
        await database.SaveChangesAsync(cancellationToken);
        var ended = disables ? await EndSessionsAsync(id, cancellationToken) : [];
        await LastAdmin.GuardAsync(() => transaction.CommitAsync(cancellationToken));
        endings.Deliver(ended);
        await Send.OkAsync(AdminUserView.Of(user), cancellationToken);
    }

    private void Apply(ChangeUserRequest request, Data.User user)
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

    private async Task<List<EndedSession>> EndSessionsAsync(Guid userId, CancellationToken cancellationToken)
    {
        await using var batch = ((NpgsqlConnection)database.Database.GetDbConnection()).CreateBatch();
        endings.End(batch, SessionEndReason.Disabled, "user_id = $4", userId);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await SessionEndings.ReadAsync(reader, cancellationToken);
    }
}

internal sealed record ChangeUserRequest
{
    /// <summary>The user's id.</summary>
    [RouteParam]
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
