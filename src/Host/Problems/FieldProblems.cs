using FluentValidation.Results;

namespace NetPilot.Host.Problems;

/// <summary>What FastEndpoints found wrong with a request, as the one kind of problem that we write.</summary>
internal static class FieldProblems
{
    public static object Build(List<ValidationFailure> failures, HttpContext context, int status) =>
        throw new ProblemException(
            Problem.Invalid(
                failures
                    .Select(failure => new FieldError(JsonNamingPolicy.CamelCase.ConvertName(failure.PropertyName), failure.ErrorMessage))
                    .ToArray()
            )
        );
}
