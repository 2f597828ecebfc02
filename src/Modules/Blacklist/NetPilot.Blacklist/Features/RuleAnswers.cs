namespace NetPilot.Blacklist.Features;

internal static class RuleAnswers
{
    /// <summary>
    /// Sets the headers that an answer needs, and names its status: 201 for what this request put in force, 202 for what goes on by itself,
    /// 200 for what was so already, or was lifted. The first two say where it is.
    /// </summary>
    /// <param name="location">The path of what the answer shows.</param>
    /// <param name="makes">Whether the command makes something, and does not only change it.</param>
    public static int Announce(this HttpContext context, RuleAnswer answer, RuleTarget target, string location, bool makes = true)
    {
        var headers = context.Response.Headers;
        var status = answer.Status(makes);
        if (status != StatusCodes.Status200OK)
        {
            headers.Location = location;
        }

        if (target.Prefer is { } prefer)
        {
            headers["Preference-Applied"] = prefer.Applied;
        }

        return status;
    }

    /// <param name="makes">Whether the command makes something, and does not only change it.</param>
    public static int Status(this RuleAnswer answer, bool makes) =>
        answer.Kind switch
        {
            RuleAnswerKind.UnderWay => StatusCodes.Status202Accepted,
            RuleAnswerKind.Done when makes => StatusCodes.Status201Created,
            _ => StatusCodes.Status200OK,
        };
}
