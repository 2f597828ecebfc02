namespace NetPilot.Identity.Accounts;

/// <summary>A user, as the user sees it.</summary>
/// <param name="Id">The user's id.</param>
/// <param name="Email">The address that the user logs in with.</param>
/// <param name="FullName">The user's name, if given.</param>
/// <param name="Tier">What the user pays for.</param>
/// <param name="Role">What the user may administer.</param>
/// <param name="CreatedAt">When the account was created.</param>
/// <example>{"id":"01a214b7-e53d-7493-93d2-219e32a48b86","email":"me@example.org","fullName":"Ada Lovelace","tier":"free","role":"user","createdAt":"2026-11-25T21:58:45.821541Z"}</example>
internal sealed record UserResponse(
    Guid Id,
    [property: EmailAddress] string Email,
    string? FullName,
    UserTier Tier,
    UserRole Role,
    DateTimeOffset CreatedAt
)
{
    public static UserResponse Of(User user) => new(user.Id, user.Email, user.FullName, user.Tier, user.Role, user.CreatedAt);

    /// <summary>Reads id, e-mail, name, tier, role and creation from the first columns.</summary>
    public static UserResponse Read(NpgsqlDataReader row) =>
        new(
            row.GetGuid(0),
            row.GetString(1),
            row.Nullable<string>(2),
            SnakeCase.Parse<UserTier>(row.GetString(3)),
            SnakeCase.Parse<UserRole>(row.GetString(4)),
            row.GetFieldValue<DateTimeOffset>(5)
        );
}
