namespace NetPilot.Routers.Features.ClaimRouter;

/// <summary>The router to claim.</summary>
/// <example>{"routerId":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","name":"Home"}</example>
internal sealed class ClaimRouterRequest
{
    /// <summary>The router agent's own id.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? RouterId { get; init; }

    /// <summary>What the user calls the router.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Name { get; init; }
}

internal sealed class ClaimRouterValidator : Validator<ClaimRouterRequest>
{
    public ClaimRouterValidator()
    {
        RuleFor(request => request.RouterId)
            .Refusing(
                RouterId.Shape with
                {
                    NotNull = true,
                },
                (_, id) =>
                    RouterId.IsWellFormed(id)
                        ? null
                        : "Must be the router agent's id: 1 to 128 characters of A-Z a-z 0-9 . _ : -, starting with a letter or digit."
            );
        RuleFor(request => request.Name).RequiredText(1, UserRouter.MaxNameLength);
    }
}
