using NetPilot.Host.Http;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Startup;

/// <summary>Settings that can be read, but not as they are meant.</summary>
[OneDialect]
public sealed class MistakenSettingsTests
{
    [Theory]
    [InlineData("10")]
    [InlineData("10.0.0")]
    [InlineData("010.0.0.1")]
    [InlineData("0x0a000001")]
    [InlineData(" 10.0.0.1")]
    public void A_proxy_is_an_address_as_it_is_usually_written(string proxy) =>
        new TrustedProxiesOptions { KnownProxies = { "10.0.0.1", proxy, "::1", "fe80::1", "::ffff:10.0.0.1" } }
            .Refusals()
            .ShouldHaveSingleItem()
            .ShouldContain("ForwardedHeaders:KnownProxies:1");

    [Theory]
    [InlineData("10.1/32")]
    [InlineData("10.0/16")]
    [InlineData("012.0.0.0/8")]
    [InlineData("192.168/16")]
    public void A_network_is_too(string network) =>
        new TrustedProxiesOptions { KnownNetworks = { "10.0.0.0/8", network, "fd00::/8" } }
            .Refusals()
            .ShouldHaveSingleItem()
            .ShouldContain("ForwardedHeaders:KnownNetworks:1");

    [Fact]
    public void An_origin_is_written_as_browsers_send_it()
    {
        var refusal = new FrontendCorsOptions { Origins = { "https://xn--mnchen-3ya.example", "https://münchen.example:8443" } }
            .Refusals()
            .ShouldHaveSingleItem();

        refusal.ShouldContain("Cors:Origins:1");
        refusal.ShouldContain("https://xn--mnchen-3ya.example:8443");
    }
}
