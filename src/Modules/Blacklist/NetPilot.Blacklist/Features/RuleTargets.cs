using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using NetPilot.Devices.Contracts;

namespace NetPilot.Blacklist.Features;

/// <summary>Finds what a request means: the caller's own router, and the device that has the address there.</summary>
internal sealed class RuleTargets(
    IRouterOwnership ownership,
    IDeviceDirectory devices,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
)
{
    /// <summary>The device that has the address, if one is known. Blocks take the client's preference, entries of lists do not.</summary>
    public async Task<(RuleTarget Target, KnownDevice? Device)> OfDeviceAsync(
        HttpContext context,
        RuleKind kind,
        string routerId,
        IPAddress ip,
        CancellationToken cancellationToken
    )
    {
        var caller = context.Caller();
        var router = await OwnedAsync(caller, routerId, cancellationToken);
        var device = await devices.FindByAddressAsync(caller.UserId, router.RouterId, ip, cancellationToken);
        var prefer = kind == RuleKind.Block ? Preference.Read(context.Request.Headers) : null;
        return (new RuleTarget(kind, router, caller, ip, device?.Mac, prefer, NewBudget()), device);
    }

    /// <summary>An entry of a list, which is known by its address whatever device has that.</summary>
    public async Task<RuleTarget> OfEntryAsync(
        HttpContext context,
        RuleKind kind,
        string routerId,
        IPAddress ip,
        CancellationToken cancellationToken
    )
    {
        var router = await OwnedAsync(context.Caller(), routerId, cancellationToken);
        return new RuleTarget(kind, router, context.Caller(), ip, Mac: null, Prefer: null, NewBudget());
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

    private RequestBudget NewBudget() => new(time, options.Value.Timeouts);
}
