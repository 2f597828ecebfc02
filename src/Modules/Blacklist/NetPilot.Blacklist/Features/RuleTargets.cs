using System.Net;
using NetPilot.Blacklist.Rules;
using NetPilot.Devices.Contracts;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Contracts;
using NetPilot.Web;

namespace NetPilot.Blacklist.Features;

/// <summary>Finds what a request means: the caller's own router, and the device that has the address there.</summary>
internal sealed class RuleTargets(IRouterOwnership ownership, IDeviceDirectory devices)
{
    public async Task<(RuleTarget Target, KnownDevice? Device)> FindAsync(
        RuleKind kind,
        Caller caller,
        string routerId,
        IPAddress ip,
        Preference? prefer,
        CancellationToken cancellationToken
    )
    {
        var router = await ownership.GetAsync(caller, routerId, cancellationToken);
        var device = await devices.FindByAddressAsync(caller.UserId, router.RouterId, ip, cancellationToken);
        return (new RuleTarget(kind, router, caller, ip, device?.Mac, prefer), device);
    }

    public Task<OwnedRouter> OwnedAsync(Caller caller, string routerId, CancellationToken cancellationToken) =>
        ownership.GetAsync(caller, routerId, cancellationToken);

    public static void RefuseRouter(KnownDevice? device)
    {
        if (device is { IsRouter: true })
        {
            throw new ProblemException(Problem.Invalid("ip", "This is the address of the router itself."));
        }
    }
}
