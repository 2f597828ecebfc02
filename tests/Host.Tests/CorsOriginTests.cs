using NetPilot.Host.Http;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>Which texts are origins: they are compared as they stand with what browsers send.</summary>
[OneDialect]
public sealed class CorsOriginTests
{
    [Theory]
    [InlineData("https://app.example.com")]
    [InlineData("http://localhost:5173")]
    [InlineData("https://xn--bcher-kva.example")]
    [InlineData("http://[::1]:5173")]
    [InlineData("capacitor://localhost")]
    [InlineData("ionic://localhost")]
    [InlineData("tauri://localhost")]
    [InlineData("http://tauri.localhost")]
    [InlineData("chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb")]
    public void An_exact_origin_is_taken(string origin) =>
        new FrontendCorsOptions { Origins = { origin } }
            .Refusals()
            .ShouldBeEmpty();

    [Theory]
    [InlineData("*")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("app.example.com")]
    [InlineData("https://*.example.com")]
    [InlineData("https://app.example.com/")]
    [InlineData("https://app.example.com/login")]
    [InlineData("https://app.example.com:443")]
    [InlineData("https://me@app.example.com")]
    [InlineData("https://App.example.com")]
    [InlineData("https://bücher.example")]
    [InlineData("file:///index.html")]
    [InlineData("file://")]
    [InlineData("file://localhost")]
    [InlineData("capacitor:localhost")]
    [InlineData("capacitor://")]
    [InlineData("capacitor://*")]
    [InlineData("capacitor://localhost/")]
    [InlineData("capacitor://localhost/index.html")]
    [InlineData("capacitor://localhost?x")]
    [InlineData("capacitor://localhost#x")]
    [InlineData("capacitor://me@localhost")]
    [InlineData("Capacitor://localhost")]
    [InlineData("capacitor://Localhost")]
    [InlineData("mailto:me@example.com")]
    [InlineData("data:text/html,x")]
    public void Anything_else_is_refused_with_its_key(string origin) =>
        new FrontendCorsOptions { Origins = { "https://first.example", origin } }
            .Refusals()
            .ShouldHaveSingleItem()
            .ShouldStartWith("Cors:Origins:1 ");
}
