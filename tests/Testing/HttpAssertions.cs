using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using NetPilot.Web;
using Shouldly;

namespace NetPilot.Testing;

/// <summary>Reads answers, and demands what the REST contract promises of each of them.</summary>
[ShouldlyMethods]
public static class HttpAssertions
{
    private static readonly JsonSerializerOptions Json = ReaderOptions();

    /// <summary>The answer has this status and a JSON body.</summary>
    public static async Task<JsonElement> ShouldBeJsonAsync(this HttpResponseMessage response, int status) =>
        await response.ShouldBeAsync<JsonElement>(status);

    /// <summary>The answer has this status and a JSON body of this shape.</summary>
    public static async Task<T> ShouldBeAsync<T>(this HttpResponseMessage response, int status)
    {
        await response.ShouldHaveStatusAsync(status);
        (response.Content.Headers.ContentType?.MediaType).ShouldBe("application/json");
        response.ShouldBeInOnePiece();
        return (await response.Content.ReadFromJsonAsync<T>(Json))!;
    }

    private static void ShouldBeInOnePiece(this HttpResponseMessage response) =>
        (response.Headers.TransferEncodingChunked is true).ShouldBeFalse("The answer has no Content-Length.");

    /// <summary>The answer has this status and no body.</summary>
    public static async Task ShouldBeEmptyAsync(this HttpResponseMessage response, int status)
    {
        await response.ShouldHaveStatusAsync(status);
        response.ShouldBeInOnePiece();
        (await response.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
    }

    /// <summary>
    /// The answer is a problem with this status and code, and has every documented member: no more, no less. Validation names these fields,
    /// where some are given.
    /// </summary>
    public static async Task<ProblemBody> ShouldBeProblemAsync(
        this HttpResponseMessage response,
        int status,
        string code,
        params string[] invalidFields
    )
    {
        await response.ShouldHaveStatusAsync(status, code);
        (response.Content.Headers.ContentType?.MediaType).ShouldBe("application/problem+json");
        response.ShouldBeInOnePiece();

        var body = await response.Content.ReadFromJsonAsync<JsonElement>(Json);
        string[] members = ["type", "title", "status", "detail", "instance", "traceId", "code"];
        body.EnumerateObject()
            .Select(member => member.Name)
            .ShouldBe(code == ErrorCodes.ValidationFailed ? [.. members, "errors"] : members, ignoreOrder: true);
        var problem = body.Deserialize<ProblemBody>(Json)!;
        problem.Code.ShouldBe(code);
        problem.Status.ShouldBe(status);
        problem.Type.ShouldNotBeNullOrWhiteSpace();
        problem.Title.ShouldNotBeNullOrWhiteSpace();
        problem.Detail.ShouldNotBeNullOrWhiteSpace();
        problem.Instance.ShouldStartWith("/");
        problem.TraceId.ShouldMatch("^[0-9a-f]{32}$");
        if (code == ErrorCodes.ValidationFailed)
        {
            problem.Errors.ShouldNotBeNull().ShouldNotBeEmpty();
            problem.Errors.ShouldAllBe(error =>
                error.Reason.Length > 0 && error.Name.Length > 0 && (error.Name.Contains('-') || !char.IsUpper(error.Name[0]))
            );
            if (invalidFields.Length > 0)
            {
                problem.Errors.Select(error => error.Name).Distinct().ShouldBe(invalidFields, ignoreOrder: true);
            }
        }

        if (status is 429 or 503)
        {
            (response.Headers.RetryAfter?.Delta).ShouldNotBeNull("429 and 503 say when to come back").ShouldBeGreaterThan(TimeSpan.Zero);
        }

        if (status == 401)
        {
            response.Headers.WwwAuthenticate.ShouldContain(challenge => challenge.Scheme == "Bearer");
        }

        return problem;
    }

    /// <summary>The status alone, with the body in the message where it differs, and the headers that every answer has.</summary>
    public static async Task ShouldHaveStatusAsync(this HttpResponseMessage response, int status, string? code = null)
    {
        if ((int)response.StatusCode != status)
        {
            throw new ShouldAssertException(
                $"""
                {response.RequestMessage?.Method} {response.RequestMessage?.RequestUri} should answer {status} {code} but answered {(int)
                    response.StatusCode}:
                {await response.Content.ReadAsStringAsync()}
                """
            );
        }

        response.Headers.TryGetValues("X-Content-Type-Options", out var options).ShouldBeTrue("every answer has nosniff");
        options.ShouldBe(["nosniff"]);
        response.Headers.Server.ShouldBeEmpty();
    }

    private static JsonSerializerOptions ReaderOptions()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web) { RespectNullableAnnotations = false };
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        return options;
    }
}
