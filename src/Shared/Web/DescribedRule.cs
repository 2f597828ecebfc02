using FluentValidation;
using FluentValidation.Validators;

namespace NetPilot.Web;

/// <summary>What a rule says of a value in the terms of JSON Schema, for the OpenAPI document.</summary>
public sealed record ValueShape
{
    public bool NotNull { get; init; }

    /// <summary>A field of a PATCH, or one that may be null, that must not be absent.</summary>
    public bool NotAbsent { get; init; }

    /// <summary>The least number of code points; 0 for no limit.</summary>
    public int MinLength { get; init; }

    /// <summary>The greatest number of code points.</summary>
    public int? MaxLength { get; init; }

    /// <summary>An ECMA-262 pattern that each accepted value matches.</summary>
    public string? Pattern { get; init; }

    /// <summary>The least number of a list's items; 0 for no limit.</summary>
    public int MinItems { get; init; }

    public int? MaxItems { get; init; }

    public int? Minimum { get; init; }

    public int? Maximum { get; init; }

    /// <summary>A format of JSON Schema or OpenAPI, such as <c>email</c>.</summary>
    public string? Format { get; init; }
}

/// <summary>A rule that the OpenAPI document can read.</summary>
public interface IDescribedRule
{
    ValueShape Shape { get; }
}

/// <summary>Refuses a value for a reason that depends on the value.</summary>
internal sealed class DescribedRule<T, TProperty>(Func<T, TProperty, string?> refusalOf, ValueShape shape)
    : PropertyValidator<T, TProperty>,
        IDescribedRule
{
    public override string Name => "Described";

    public ValueShape Shape => shape;

    public override bool IsValid(ValidationContext<T> context, TProperty value)
    {
        if (refusalOf(context.InstanceToValidate, value) is not { } reason)
        {
            return true;
        }

        context.MessageFormatter.AppendArgument("Reason", reason);
        return false;
    }

    protected override string GetDefaultMessageTemplate(string errorCode) => "{Reason}";
}

public static class DescribedRules
{
    /// <summary>Refuses a value if the function gives a reason. What the function accepts fits the shape.</summary>
    public static IRuleBuilderOptions<T, TProperty> Refusing<T, TProperty>(
        this IRuleBuilder<T, TProperty> rule,
        ValueShape shape,
        Func<T, TProperty, string?> refusalOf
    ) => rule.SetValidator(new DescribedRule<T, TProperty>(refusalOf, shape));

    /// <summary>Refuses null, and a text for which the function gives a reason. What the function accepts fits the shape.</summary>
    public static IRuleBuilderOptions<T, string?> RefusingText<T>(
        this IRuleBuilder<T, string?> rule,
        ValueShape shape,
        Func<string, string?> refusalOf
    ) => rule.Refusing(shape with { NotNull = true }, (_, value) => value is null ? "Is required." : refusalOf(value));

    /// <summary>For a field of a PATCH that must not be null: absent passes, and a value is refused if the function gives a reason.</summary>
    public static IRuleBuilderOptions<T, Optional<TValue?>> RefusingField<T, TValue>(
        this IRuleBuilder<T, Optional<TValue?>> rule,
        ValueShape shape,
        Func<TValue, string?> refusalOf
    )
        where TValue : class =>
        rule.Refusing(
            shape with
            {
                NotNull = true,
            },
            (_, field) =>
                !field.IsPresent ? null
                : field.Value is { } value ? refusalOf(value)
                : "Must not be null."
        );
}
