namespace NetPilot.Identity.Features.Register;

/// <summary>A new account.</summary>
/// <example>{"email":"me@example.org","password":"a-fresh-breeze-in-the-attic","fullName":"Ada Lovelace"}</example>
internal sealed class RegisterRequest
{
    /// <summary>The address to log in with.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Email { get; init; }

    /// <summary>12 to 128 characters; not the e-mail address, and not one of the most common passwords.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Password { get; init; }

    /// <summary>What to call the user.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? FullName { get; init; }
}

internal sealed class RegisterValidator : Validator<RegisterRequest>
{
    public RegisterValidator()
    {
        RuleFor(request => request.Email).Email();
        RuleFor(request => request.Password).NewPassword(request => request.Email);
        RuleFor(request => request.FullName).Text(1, User.MaxFullName);
    }
}
