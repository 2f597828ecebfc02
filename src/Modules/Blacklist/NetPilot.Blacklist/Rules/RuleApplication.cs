using System.Net;
using Microsoft.Extensions.Options;
using NetPilot.Blacklist.Data;
using NetPilot.CommandsClient;
using NetPilot.Devices.Contracts;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Blacklist.Rules;

/// <summary>
/// Puts a row in state <c>applying</c> in force, within a turn. The command is sent once. The router says which device it resolved the address
/// to, in its answer or in its list, and the row adopts that device; a rule that does not belong to exactly one device is taken back.
/// </summary>
internal sealed class RuleApplication(
    RuleStore store,
    RuleCalls calls,
    RuleLifecycle lifecycle,
    DeviceScans scans,
    IDeviceLookalikes lookalikes,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
)
{
    private static readonly CommandsFailure NotOneDevice = new(
        CommandsFailureKind.CommandFailed,
        CommandEffect.NotDone,
        "The router applied the rule to something else than one device; it was taken back."
    );

    /// <param name="kind">The kind of rule.</param>
    /// <param name="rule">The row, in state <c>applying</c>.</param>
    /// <param name="ip">Where its device is.</param>
    /// <param name="held">The turn.</param>
    public async Task<CallOutcome> ApplyAsync(RuleKind kind, Rule rule, IPAddress ip, HeldTurn held)
    {
        var bySubstring = kind.FollowsDevice && options.Value.MatchesAddressesBySubstring;
        if (bySubstring && await FindLookalikeAsync(rule, ip, held) is { } lookalike)
        {
            return await FailAsync(kind, rule, lookalike, held);
        }

        calls.MarkSent(rule);
        var (result, calledAt) = await calls.AddAsync(kind, ip, held);
        if (!result.IsSuccess)
        {
            return await EndFailedAsync(kind, rule, ip, result.Failure, calledAt, held);
        }

        var receipt = result.Data;
        if (receipt.IsAmbiguous)
        {
            return await TakeBackAsync(kind, rule, ip, NotOneDevice, held);
        }

        var device = receipt.Mac is null || !kind.FollowsDevice ? null : new RuleDevice(ip, receipt.Mac, Confirmed: true);
        if (
            bySubstring
            && device is not null
            && !device.Mac!.Equals(rule.DeviceMac)
            && await WhereIsAsync(device, kind, held) is { } elsewhere
        )
        {
            return await TakeBackAsync(kind, rule, elsewhere, NotOneDevice, held);
        }

        return await EndAppliedAsync(kind, rule, ip, device, held);
    }

    private async Task<CallOutcome> EndAppliedAsync(RuleKind kind, Rule rule, IPAddress ip, RuleDevice? device, HeldTurn held)
    {
        try
        {
            return new CallOutcome(await calls.EndAsync(kind, rule, row => lifecycle.Applied(row, device, time.UtcNow()), held), null);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Another row stands for the same device: the router has its rule twice now, and one has to go.
            return await EndDuplicateAsync(kind, rule, ip, device!, held);
        }
    }

    private async Task<CallOutcome> EndDuplicateAsync(RuleKind kind, Rule rule, IPAddress ip, RuleDevice device, HeldTurn held)
    {
        // Whoever joined this row finds the other one by the address from now on.
        var kept = await store.FindDeviceAsync(kind, rule, device.Mac!, CancellationToken.None);
        var taken = await TakeBackAsync(kind, rule, ip, null, held);
        return kept is null ? taken : new CallOutcome(kept, null) { WasThere = true };
    }

    /// <summary>The Commands-Server says that the command failed. It can have been carried out all the same, which the router is asked first.</summary>
    private async Task<CallOutcome> EndFailedAsync(
        RuleKind kind,
        Rule rule,
        IPAddress ip,
        CommandsFailure failure,
        DateTimeOffset calledAt,
        HeldTurn held
    )
    {
        if (failure.Kind == CommandsFailureKind.CommandFailed)
        {
            switch (await calls.FindAsync(kind, rule, held))
            {
                case { Presence: Presence.Present, Entry: { } entry }:
                    return await EndAppliedAsync(
                        kind,
                        rule,
                        ip,
                        entry.Mac is null ? null : new RuleDevice(ip, entry.Mac, Confirmed: true),
                        held
                    );
                case { Presence: Presence.Absent }:
                    return await FailAsync(kind, rule, failure with { Effect = CommandEffect.NotDone }, held);
            }
        }

        var saved = await calls.EndAsync(kind, rule, row => lifecycle.ApplyFailed(row, failure, calledAt, time.UtcNow()), held);
        return new CallOutcome(saved, failure);
    }

    /// <summary>Removes the rule that was just made. The row has failed then; until the router acknowledges that, it is being lifted.</summary>
    private async Task<CallOutcome> TakeBackAsync(RuleKind kind, Rule rule, IPAddress ip, CommandsFailure? reason, HeldTurn held)
    {
        var lifting = await calls.SaveAsync(kind, rule, lifecycle.TakenBack(rule, time.UtcNow()), held.Turn.Fence);
        if (lifting is not { State: RuleState.Lifting } || !await calls.MayGoOnAsync(held))
        {
            return new CallOutcome(lifting, reason);
        }

        var (failure, calledAt) = await calls.RemoveAsync(kind, ip, held);
        var end = failure switch
        {
            null when reason is not null => RuleLifecycle.Misdirected(lifting),
            _ => lifecycle.LiftEnded(lifting, failure, calledAt, time.UtcNow(), byServer: true),
        };
        return new CallOutcome(await calls.SaveAsync(kind, lifting, end, held.Turn.Fence), reason);
    }

    private async Task<CallOutcome> FailAsync(RuleKind kind, Rule rule, CommandsFailure failure, HeldTurn held)
    {
        var saved = await calls.EndAsync(kind, rule, row => lifecycle.ApplyNotDone(row, failure.Code, failure.Detail, time.UtcNow()), held);
        return new CallOutcome(saved, failure);
    }

    /// <summary>
    /// The router looks an address up as a part of a line: while another device's address contains this one, a rule would be for both. Devices
    /// knows that where the network was scanned; else it is scanned now, if the address can be a part of another one at all.
    /// </summary>
    private async Task<CommandsFailure?> FindLookalikeAsync(Rule rule, IPAddress ip, HeldTurn held)
    {
        if (!CanBePart(ip))
        {
            return null;
        }

        var known = await lookalikes.FindAsync(rule.UserId, rule.RouterId, ip, CancellationToken.None);
        var other = known
            .Where(device => device.Mac is null || !device.Mac.Equals(rule.DeviceMac))
            .Select(device => device.Address)
            .FirstOrDefault();
        if (other is null && rule.DeviceMac is null && await scans.ScanAsync(held, calls) is { IsSuccess: true, Data: { } report })
        {
            other = report.Devices.Select(device => device.Address).FirstOrDefault(address => RuleReconciliation.IsLookalike(address, ip));
        }

        return other is null
            ? null
            : new CommandsFailure(
                CommandsFailureKind.CommandFailed,
                CommandEffect.NotDone,
                $"The router can't tell {ip} from {other}, which is in use too: nothing was sent."
            );
    }

    // The last number is what differs within a network: 1 to 25 can begin a longer one.
    private static bool CanBePart(IPAddress ip) => ip.GetAddressBytes()[3] <= 25;

    /// <summary>Where the device that the router named is, if that is not the address that was sent but one that contains it.</summary>
    private async Task<IPAddress?> WhereIsAsync(RuleDevice device, RuleKind kind, HeldTurn held) =>
        CanBePart(device.Ip) && await calls.AskAsync(kind, held) is { IsSuccess: true, Data: { } report }
            ? report
                .Rules.Where(known => device.Mac!.Equals(known.Mac))
                .Select(known => known.Address)
                .FirstOrDefault(address => RuleReconciliation.IsLookalike(address, device.Ip))
            : null;
}
