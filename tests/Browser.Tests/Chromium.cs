using Microsoft.Playwright;
using Xunit;

namespace NetPilot.Browser.Tests;

/// <summary>The Chromium that is installed here, driven by Playwright. No browser is downloaded.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly float Patience = 300_000;
    private static readonly string? Program = new[]
    {
        Environment.GetEnvironmentVariable("NETPILOT_TEST_CHROMIUM"),
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
        "/snap/bin/chromium",
    }.FirstOrDefault(File.Exists);

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public static void SkipUnlessInstalled() =>
        Assert.SkipUnless(Program is not null, "Chromium is not installed here (Debian: apt-get install chromium).");

    public async ValueTask InitializeAsync()
    {
        if (Program is null)
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions
            {
                ExecutablePath = Program,
                Timeout = Patience,
                // Whatever has another host than ours is not found; root has no sandbox.
                Args =
                [
                    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                    "--disable-dev-shm-usage",
                    .. Environment.IsPrivilegedProcess ? ["--no-sandbox"] : Array.Empty<string>(),
                ],
            }
        );
    }

    /// <summary>A browser of its own for a test: no cookies, nothing stored.</summary>
    public async Task<IBrowserContext> NewContextAsync(ColorScheme scheme)
    {
        var context = await (_browser ?? throw new InvalidOperationException("Chromium is not installed.")).NewContextAsync(
            new BrowserNewContextOptions
            {
                ColorScheme = scheme,
                ViewportSize = new ViewportSize { Width = 1280, Height = 900 },
            }
        );
        context.SetDefaultTimeout(Patience);
        return context;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }
}
