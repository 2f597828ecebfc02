using Microsoft.AspNetCore.Connections;
using NetPilot.Host.Http;

namespace NetPilot.Host.Problems;

/// <summary>Turns what was thrown, and what ended without a body, into problem details.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, DatabaseHealth database, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception exception) when (context.RequestAborted.IsCancellationRequested || exception is ConnectionResetException)
        {
            // Whatever failed, as a rule because of it: nobody is listening any more, and that is no incident of ours.
            LogAbandoned(logger, context.Request.Method, PathOf(context), exception.GetType().Name, exception.Message);
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            }

            return;
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, exception);
            return;
        }

        if (!context.Response.HasStarted && OfBareStatus(context.Response) is { } problem)
        {
            await ProblemWriter.WriteAsync(context, problem);
        }
    }

    private async Task AnswerAsync(HttpContext context, Exception exception)
    {
        var problem = ExceptionProblems.Of(exception);
        if (problem is null)
        {
            LogUnforeseen(logger, context.Request.Method, PathOf(context), exception);
            problem = new Problem(ErrorCodes.InternalError, "Something went wrong in the server; the trace id finds it in the logs.");
        }
        else if (problem.Code == ErrorCodes.DatabaseUnavailable && exception is not ProblemException)
        {
            if (DatabaseFailures.IsOfAnotherStatement(exception))
            {
                LogOfAnotherStatement(logger, context.Request.Method, PathOf(context), exception);
            }
            else
            {
                LogDatabaseAway(logger, context.Request.Method, PathOf(context), exception.GetBaseException().Message);
            }

            database.Note(exception);
        }

        context.Response.Clear();
        if (ExceptionProblems.EndsConnection(exception))
        {
            UnreadBodies.Announce(context);
        }

        await ProblemWriter.WriteAsync(context, problem);
    }

    // With its escapes: what they stand for may forge a line of the log.
    private static string PathOf(HttpContext context) => context.Request.Path.ToUriComponent();

    private static Problem? OfBareStatus(HttpResponse response) =>
        response.ContentLength is > 0 || response.ContentType is not null
            ? null
            : response.StatusCode switch
            {
                400 => Problem.MalformedJson("The request could not be read."),
                401 => Problem.Unauthorized(),
                403 => Problem.Forbidden(),
                404 => Problem.NothingHere(),
                405 => new Problem(ErrorCodes.MethodNotAllowed, "This path does not take this method; Allow names those it takes."),
                413 => Problem.BodyTooLarge(),
                415 => new Problem(ErrorCodes.UnsupportedMediaType, "The body must be application/json."),
                _ => null,
            };

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed in a way that nobody foresaw")]
    private static partial void LogUnforeseen(ILogger logger, string method, string path, Exception exception);

    [LoggerMessage(LogLevel.Debug, "{Method} {Path} was abandoned by its client: {Kind}: {Reason}")]
    private static partial void LogAbandoned(ILogger logger, string method, string path, string kind, string reason);

    [LoggerMessage(LogLevel.Warning, "{Method} {Path} could not reach the database: {Reason}")]
    private static partial void LogDatabaseAway(ILogger logger, string method, string path, string reason);

    [LoggerMessage(LogLevel.Error, "{Method} {Path} met a result that is not that of its statement")]
    private static partial void LogOfAnotherStatement(ILogger logger, string method, string path, Exception exception);
}
