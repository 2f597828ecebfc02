using FluentValidation;

namespace NetPilot.Routers.Wifi;

internal static class WifiRuleExtensions
{
    /// <summary>A text that must be there, and that this check has no reason to refuse.</summary>
    public static IRuleBuilderOptionsConditions<T, string?> Refusing<T>(this IRuleBuilder<T, string?> rule, Func<string, string?> check) =>
        rule.Custom(
            (value, context) =>
            {
                if ((value is null ? "Is required." : check(value)) is { } reason)
                {
                    context.AddFailure(reason);
                }
            }
        );
}
