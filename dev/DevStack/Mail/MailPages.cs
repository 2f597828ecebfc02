namespace NetPilot.DevStack.Mail;

/// <summary>Shows the caught mails in a browser, under <c>/_mail</c>, and stands in for the frontend's page that a reset link leads to.</summary>
internal static class MailPages
{
    public static async Task<bool> TryHandleAsync(HttpContext context, SmtpCatcher catcher, Uri api)
    {
        var (method, path) = (context.Request.Method, context.Request.Path.Value);
        switch (method, path)
        {
            case ("GET", "/_mail" or "/_mail/"):
                context.Response.ContentType = "text/html; charset=utf-8";
                await context.Response.SendFileAsync(EmbeddedPages.Get("Mail.mail.html"));
                return true;
            case ("GET", "/_mail/reset"):
                context.Response.ContentType = "text/html; charset=utf-8";
                using (var page = new StreamReader(EmbeddedPages.Get("Mail.reset.html").CreateReadStream()))
                {
                    var text = await page.ReadToEndAsync(context.RequestAborted);
                    await context.Response.WriteAsync(text.Replace("{api}", api.AbsoluteUri, StringComparison.Ordinal));
                }
                return true;
            case ("GET", "/_mail/messages"):
                await context.Response.WriteAsJsonAsync(
                    catcher
                        .Messages.Reverse()
                        .Select(mail => new
                        {
                            mail.At,
                            mail.From,
                            to = mail.Recipients,
                            mail.Subject,
                            mail.Text,
                            mail.Html,
                            mail.Links,
                        })
                );
                return true;
            case ("DELETE", "/_mail/messages"):
                catcher.Clear();
                context.Response.StatusCode = 204;
                return true;
            default:
                return false;
        }
    }
}
