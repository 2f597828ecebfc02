using FastEndpoints;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Data;
using NetPilot.Identity.Passwords;
using NetPilot.Web;

namespace NetPilot.Identity.Features.Register;

internal sealed record RegisterRequest
{
    /// <summary>The address to log in with.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Email { get; init; }

    /// <summary>12 to 128 characters; not the e-mail, and not one of the most common passwords.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Password { get; init; }

    /// <summary>What to call the user.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? FullName { get; init; }

    /// <summary>Says nothing: it holds a password.</summary>
    public override string ToString() => nameof(RegisterRequest);
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
