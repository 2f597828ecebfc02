using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace NetPilot.Blacklist.Commands;

/// <summary>
/// Tells what the tier has no room for. A schedule that the server begins, and a pause of everybody, have no answer that says it; they are tried again
/// every few minutes, and told once for each window or pause.
/// </summary>
internal sealed class HoldRefusals(IRouterActivityLog log, TimeProvider time)
{
    public Task RecordAsync(HoldsOrder order, IReadOnlyList<(KnownDevice Device, IReadOnlyList<WantedHold> Wants)> refused)
    {
        var now = time.UtcNow();
        return log.RecordAsync([.. refused.SelectMany(each => each.Wants.Select(want => EntryOf(order, each.Device, want, now)))]);
    }

    private static RouterActivity EntryOf(HoldsOrder order, KnownDevice device, WantedHold want, DateTimeOffset now) =>
        new(
            order.Router.RouterId,
            order.Router.UserId,
            order.Actor.UserId,
            RouterActivityKind.Block,
            device.Address.ToString(),
            RouterActivityOutcome.Failed,
            ErrorCodes.TierLimitReached,
            now,
            TimeSpan.Zero,
            RouterSighting.None
        )
        {
            Id = IdOf(want),
        };

    // Whichever replica tells it, and however often, it is the same entry. Ids are UUIDs of version 7; here a hash stands in place of the random bits.
    private static Guid IdOf(WantedHold want)
    {
        var told = $"{want.Source.Kind} {want.Source.Id} {want.DeviceId} {want.Since.UtcTicks}";
        var id = SHA256.HashData(Encoding.ASCII.GetBytes(told)).AsSpan(0, 16);
        Span<byte> began = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(began, want.Since.ToUnixTimeMilliseconds());
        began[2..].CopyTo(id);
        id[6] = (byte)(0x70 | (id[6] & 0x0F));
        id[8] = (byte)(0x80 | (id[8] & 0x3F));
        return new Guid(id, bigEndian: true);
    }
}
