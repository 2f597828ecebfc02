namespace NetPilot.Identity.Accounts;

/// <summary>A user, as an admin sees it.</summary>
internal sealed record AdminUserResponse(
    Guid Id,
    string Email,
    string? FullName,
    UserTier Tier,
    UserRole Role,
    DateTimeOffset CreatedAt,
    DateTimeOffset? DisabledAt
)
{
    public static AdminUserResponse Of(User user) =>
        new(user.Id, user.Email, user.FullName, user.Tier, user.Role, user.CreatedAt, user.DisabledAt);
}
