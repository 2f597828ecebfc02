namespace NetPilot.Blacklist.Features;

/// <summary>What a body says of a block.</summary>
internal interface IBlockWords : IDeviceChoice
{
    /// <summary>Why, in the user's words.</summary>
    Optional<string?> Reason { get; }

    /// <summary>When the block is to be lifted by itself.</summary>
    Optional<DateTimeOffset?> ExpiresAt { get; }
}

internal static class BlockWordsRules
{
    private const int YearsAhead = 5;

    public static void AddBlockWords<T>(this AbstractValidator<T> validator, TimeProvider time)
        where T : IBlockWords
    {
        validator.RuleFor(request => request.Reason).Text(0, 500, allowNewline: true);
        validator
            .RuleFor(request => request.ExpiresAt.Value)
            .Must(expiry => expiry is null || expiry > time.GetUtcNow())
            .WithMessage("Must be in the future.")
            .Must(expiry => expiry is null || expiry <= time.GetUtcNow().AddYears(YearsAhead))
            .WithMessage($"Must be at most {YearsAhead} years ahead.")
            .OverridePropertyName("expiresAt");
    }

    public static RuleWords Words(this IBlockWords request) =>
        new(request.Reason, request.ExpiresAt.IsPresent ? new(request.ExpiresAt.Value?.ToMicroseconds()) : default);
}
