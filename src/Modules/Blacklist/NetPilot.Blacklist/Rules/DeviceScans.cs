using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Devices.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;

namespace NetPilot.Blacklist.Rules;

/// <summary>Asks the router where its devices are, within a turn, so that a rule is sent to its device and to nobody else.</summary>
internal sealed class DeviceScans(ICommandsClient client, IDeviceScans recorder, IOptions<CommandsServerOptions> options, TimeProvider time)
{
    /// <summary>Scans, and hands Devices what was found. Null: nothing more may be sent in this turn.</summary>
    public async Task<CommandsResult<ScanReport>?> ScanAsync(HeldTurn held, RuleCalls calls)
    {
        var timeout = held.TimeoutOf(options.Value.Timeouts.Scan);
        if (!await calls.MayGoOnAsync(held, timeout))
        {
            return null;
        }

        var scannedAt = time.UtcNow();
        var started = time.GetTimestamp();
        var scan = await client.ScanAsync(held.Target with { Deadline = timeout }, CancellationToken.None);
        held.Activities.Add(
            RouterActivity.Of(held.Router, held.Actor.UserId, RouterActivityKind.Scan, null, scan, scannedAt, time.GetElapsedTime(started))
        );
        if (scan.IsSuccess)
        {
            await recorder.RecordAsync(held.Router, scan.Data, scannedAt, CancellationToken.None);
        }

        return scan;
    }
}
