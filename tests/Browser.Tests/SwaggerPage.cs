using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Playwright;
using Shouldly;

namespace NetPilot.Browser.Tests;

/// <summary>Swagger UI as a person uses it.</summary>
internal sealed class SwaggerPage
{
    private readonly IPage _page;
    private readonly ConcurrentQueue<string> _complaints = new();
    private readonly ConcurrentQueue<Uri> _requests = new();

    private SwaggerPage(IPage page)
    {
        _page = page;
        // What breaks the Content-Security-Policy is an error of the console.
        page.Console += (_, message) => AddComplaint(message.Type == "error", message.Text);
        page.PageError += (_, error) => AddComplaint(true, error);
        page.RequestFailed += (_, request) => AddComplaint(true, $"{request.Url}: {request.Failure}");
        page.Request += (_, request) => _requests.Enqueue(new Uri(request.Url));
    }

    /// <summary>Errors of the page so far.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    /// <summary>Everything that the page asked for.</summary>
    public IReadOnlyCollection<Uri> Requests => _requests;

    public static async Task<SwaggerPage> OpenAsync(IBrowserContext context, Uri server, string path = "swagger")
    {
        var page = new SwaggerPage(await context.NewPageAsync());
        await page._page.GotoAsync(new Uri(server, path).ToString());
        await page.IsReadyAsync();
        return page;
    }

    public Task<string> TitleAsync() => _page.TitleAsync();

    public Task<string> HeadingAsync() => _page.Locator(".info .title").InnerTextAsync();

    public Task<string> IntroductionAsync() => _page.Locator(".info .description").InnerTextAsync();

    public async Task<IReadOnlyList<string?>> TagsAsync()
    {
        var tags = new List<string?>();
        foreach (var tag in await _page.Locator(".opblock-tag").AllAsync())
        {
            tags.Add(await tag.GetAttributeAsync("data-tag"));
        }

        return tags;
    }

    public async Task ReloadAsync()
    {
        await _page.ReloadAsync();
        await IsReadyAsync();
    }

    /// <summary>Puts a token into the dialog behind "Authorize".</summary>
    public async Task AuthorizeAsync(string token)
    {
        await _page.Locator(".scheme-container .btn.authorize").ClickAsync();
        await _page.Locator(".auth-container input").FillAsync(token);
        await _page.Locator(".auth-container .btn.authorize").ClickAsync();
        await _page.Locator(".auth-container .btn-done").ClickAsync();
    }

    /// <summary>Opens an operation and executes it as it stands, or with another body.</summary>
    public async Task<JsonElement> ExecuteAsync(string operationId, int status, string? body = null)
    {
        var block = Block(operationId);
        if (await block.Locator(".opblock-body").CountAsync() == 0)
        {
            await block.Locator(".opblock-summary-control").ClickAsync();
        }

        if (body is not null)
        {
            await block.Locator("textarea.body-param__text").FillAsync(body);
        }

        var answer = await _page.RunAndWaitForResponseAsync(
            () => block.Locator(".btn.execute").ClickAsync(),
            response => response.Url.Contains("/api/", StringComparison.Ordinal)
        );
        var text = await answer.TextAsync();
        answer.Status.ShouldBe(status, $"{operationId}: {text}");
        var shown = await block.Locator(".live-responses-table .response .response-col_status").First.InnerTextAsync();
        shown.ShouldStartWith($"{status}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>A picture of an operation's answer, or of the top of the page.</summary>
    public async Task<byte[]> ScreenshotAsync(string path, string? operationId = null)
    {
        if (operationId is not null)
        {
            await Block(operationId).Locator(".live-responses-table").ScrollIntoViewIfNeededAsync();
        }

        return await _page.ScreenshotAsync(new PageScreenshotOptions { Path = path });
    }

    /// <summary>How light a picture is, from 0 to 1.</summary>
    public Task<double> LightnessAsync(byte[] screenshot) =>
        _page.EvaluateAsync<double>(
            """
            async png => {
              const image = new Image();
              image.src = 'data:image/png;base64,' + png;
              await image.decode();
              const canvas = document.createElement('canvas');
              [canvas.width, canvas.height] = [image.width, image.height];
              const context = canvas.getContext('2d');
              context.drawImage(image, 0, 0);
              const bytes = context.getImageData(0, 0, image.width, image.height).data;
              let sum = 0;
              for (let i = 0; i < bytes.length; i += 4) sum += bytes[i] + bytes[i + 1] + bytes[i + 2];
              return sum / (bytes.length / 4) / 3 / 255;
            }
            """,
            Convert.ToBase64String(screenshot)
        );

    private ILocator Block(string operationId) => _page.Locator($".opblock[id$='-{operationId}']");

    private Task IsReadyAsync() => _page.Locator(".opblock-tag").First.WaitForAsync();

    private void AddComplaint(bool isOne, string text)
    {
        if (isOne)
        {
            _complaints.Enqueue(text);
        }
    }
}
