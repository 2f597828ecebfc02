using FastEndpoints;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Passwords;

namespace NetPilot.Identity.Features.Register;

internal sealed class RegisterRequest
{
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Email { get; init; }

    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Password { get; init; }

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
