using NetPilot.Identity.Contracts;
using NetPilot.Identity.Data;

namespace NetPilot.Identity.Accounts;

/// <summary>A user, as admins see it.</summary>
/// <param name="Id">The user's id.</param>
/// <param name="Email">The address that the user logs in with.</param>
/// <param name="FullName">The user's name, if given.</param>
/// <param name="Tier">What the user pays for.</param>
/// <param name="Role">What the user may administer.</param>
/// <param name="CreatedAt">When the account was made.</param>
/// <param name="DisabledAt">Since when the user can't log in; null if the user can.</param>
internal sealed record AdminUserView(
    Guid Id,
    string Email,
    string? FullName,
    UserTier Tier,
    UserRole Role,
    DateTimeOffset CreatedAt,
    DateTimeOffset? DisabledAt
)
{
    public static AdminUserView Of(User user) =>
        new(user.Id, user.Email, user.FullName, user.Tier, user.Role, user.CreatedAt, user.DisabledAt);
}
