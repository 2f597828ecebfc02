using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NetPilot.Identity.Accounts;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Accounts;

public sealed class SlowBodyTests(IdentityServer server)
{
    [Fact]
    public void The_slowest_body_is_read_before_a_deleted_account_is_looked_at_again()
    {
        var limits = server.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits;
        var rate = limits.MinRequestBodyDataRate.ShouldNotBeNull();

        var slowest = TimeSpan.FromSeconds(limits.MaxRequestBodySize.ShouldNotBeNull() / rate.BytesPerSecond);

        // Half of the time is left for what the request does then.
        (slowest + rate.GracePeriod).ShouldBeLessThan(AccountRemoval.SecondLookAfter / 2);
    }
}
