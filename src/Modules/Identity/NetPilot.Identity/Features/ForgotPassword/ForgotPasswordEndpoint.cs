using NetPilot.Identity.Mails;

namespace NetPilot.Identity.Features.ForgotPassword;

internal sealed class ForgotPasswordEndpoint(ResetMails mails, MailWorker worker, IOptions<MailOptions> settings)
    : Endpoint<ForgotPasswordRequest>
{
    public override void Configure()
    {
        Post("auth/password/forgot");
        AllowAnonymous();
        Description(b => b.AnswersEmpty(202));
        this.Describe(
            "Account",
            "Request a password reset",
            "Sends a mail with a link if the address has an account, at most three in an hour. The answer does not tell whether it has one."
        );
    }

    public override async Task HandleAsync(ForgotPasswordRequest request, CancellationToken cancellationToken)
    {
        if (settings.Value.Sends)
        {
            await mails.EnqueueAsync(AccountRules.Trim(request.Email!), cancellationToken);
            worker.Nudge();
        }

        // It starts the answer before the server knows that no body follows.
        HttpContext.Response.ContentLength = 0;
        await Send.StatusCodeAsync(202, cancellationToken);
    }
}

/// <summary>The account whose password is to be reset.</summary>
/// <example>{"email":"me@example.org"}</example>
internal sealed class ForgotPasswordRequest
{
    /// <summary>The account's e-mail address.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Email { get; init; }
}

internal sealed class ForgotPasswordValidator : Validator<ForgotPasswordRequest>
{
    public ForgotPasswordValidator() => RuleFor(request => request.Email).Email();
}
