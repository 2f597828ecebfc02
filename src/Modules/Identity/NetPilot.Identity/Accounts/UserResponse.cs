namespace NetPilot.Identity.Accounts;

/// <summary>A user, as the user sees it.</summary>
internal sealed record UserResponse(Guid Id, string Email, string? FullName, UserTier Tier, UserRole Role, DateTimeOffset CreatedAt)
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
