using System.Globalization;
using CsCheck;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Devices.Tests.Features.ScanDevices;

/// <summary>
/// Whatever scans say one after the other: which device each record means is known, no device has two rows, and no name is lost.
/// <c>NETPILOT_MODEL_SEQUENCES</c> makes it look further; CsCheck says the seed of a failure, and <c>CsCheck_Seed</c> repeats it.
/// </summary>
public sealed class ScanModelTests(DevicesServer server, ITestOutputHelper output)
{
    private const int Macs = 4;
    private const int Addresses = 5;

    private static readonly int Sequences = int.Parse(
        Environment.GetEnvironmentVariable("NETPILOT_MODEL_SEQUENCES") ?? "40",
        CultureInfo.InvariantCulture
    );

    private static readonly Gen<Record> AnyRecord = Gen.Select(
        Gen.Int[0, Addresses - 1],
        Gen.Frequency(
            (6, Gen.Int[0, Macs - 1].Select(mac => $"dc:a6:32:00:00:{mac:x2}")),
            (3, Gen.OneOf("", "00:00:00:00:00:00", "br:lan", "ff:ff:ff:ff:ff:ff", "N/A"))
        ),
        (address, mac) => new Record($"192.168.4.{address + 20}", mac)
    );

    // A scan, after which the user may give one of the devices a name, or forget one.
    private static readonly Gen<Act> AnyAct = Gen.Select(
        AnyRecord.Array[0, 6],
        Gen.Int[0, 9],
        Gen.Frequency((3, Gen.Const(Wish.Nothing)), (3, Gen.Const(Wish.Name)), (1, Gen.Const(Wish.Forget))),
        (records, place, wish) => new Act(records, place, wish)
    );

    [Fact]
    public async Task Every_device_has_one_row() =>
        await AnyAct
            .Array[2, 10]
            .SampleAsync(
                acts => new Run(server).PlayAsync(acts),
                output.WriteLine,
                iter: Sequences,
                threads: 8,
                print: acts =>
                    string.Join('\n', acts.Select(act => $"{string.Join(' ', act.Records.AsEnumerable())} {act.Wish} {act.Place}"))
            );

    private enum Wish
    {
        Nothing,
        Name,
        Forget,
    }

    private sealed record Record(string Ip, string Mac)
    {
        // Those that are none name no device.
        public string? Named => Mac.StartsWith("dc:", StringComparison.Ordinal) ? Mac : null;

        public override string ToString() => $"{Ip}={Mac}";
    }

    private sealed record Act(Record[] Records, int Place, Wish Wish);

    private sealed class Run(DevicesServer server)
    {
        private readonly Dictionary<string, Guid> _rows = [];
        private readonly HashSet<string> _names = [];
        private Device[] _before = [];

        public async Task PlayAsync(Act[] acts)
        {
            var router = await server.ReadyRouterAsync();
            for (var n = 0; n < acts.Length; n++)
            {
                var scan = await router.ScanAsync(acts[n].Records.Select(record => new { ip = record.Ip, mac = record.Mac }));
                var devices = await router.DevicesAsync();
                Check(acts[n].Records, scan, devices);
                await WishAsync(router, acts[n], devices, $"name {n}");
                _before = await router.DevicesAsync();
            }
        }

        private void Check(Record[] records, Scan scan, Device[] devices)
        {
            var found = records.Where(record => record.Named is not null).GroupBy(record => record.Named!).ToArray();
            var withMac = records.Where(record => record.Named is not null).Select(record => record.Ip).ToHashSet();
            var nameless = records.Select(record => record.Ip).Where(ip => !withMac.Contains(ip)).ToHashSet();

            // What the scan found is what is online, and it tells of the same devices.
            scan.Found.ShouldBe(found.Length + nameless.Count);
            var online = devices.Where(device => device.Online).ToArray();
            scan.Devices.ShouldBe(online);
            online.Length.ShouldBe(scan.Found);
            online.ShouldAllBe(device => device.LastSeenAt == scan.ScannedAt);
            scan.Added.ShouldBe(devices.Count(device => _before.All(other => other.Id != device.Id)));
            devices.Select(device => device.Mac).OfType<string>().ShouldBeUnique();
            devices.Where(device => device.Mac is null).Select(device => device.Ip).ShouldBeUnique();

            foreach (var records0 in found)
            {
                var device = online.Single(device => device.Mac == records0.Key);
                device.Ip.ShouldBe(records0.First().Ip);
                // A device stays the row that it is.
                _rows.TryAdd(device.Mac!, device.Id);
                device.Id.ShouldBe(_rows[device.Mac!]);
                scan.Skipped.Count(skipped => skipped.Mac == device.Mac)
                    .ShouldBe(records0.Select(record => record.Ip).Distinct().Count() - 1);
            }

            foreach (var ip in nameless)
            {
                // The known device that was there and is nowhere else, or else one that is known by this address alone.
                var device = online.Single(device => device.Ip == ip);
                var known = _before
                    .Where(other => other.Ip == ip && other.Mac is { } mac && found.All(records => records.Key != mac))
                    .OrderByDescending(other => other.Online)
                    .ThenByDescending(other => other.LastSeenAt)
                    .ToArray();
                device.Mac.ShouldBeOneOf([
                    .. known
                        .Where(other => other.Online == known[0].Online && other.LastSeenAt == known[0].LastSeenAt)
                        .Select(other => other.Mac),
                    .. known is [] ? new string?[] { null } : [],
                ]);
            }

            // No row without a MAC is left where the scan shows a device, unless the user named both.
            foreach (var other in devices.Where(device => device is { Mac: null, Online: false }))
            {
                var here = online.Where(device => device.Ip == other.Ip).ToArray();
                here.ShouldAllBe(device => device.Name != null && other.Name != null);
            }

            _names.ShouldBeSubsetOf(devices.Select(device => device.Name).OfType<string>());
        }

        private async Task WishAsync(TestRouter router, Act act, Device[] devices, string name)
        {
            if (act.Wish is Wish.Nothing || devices is [])
            {
                return;
            }

            var device = devices[act.Place % devices.Length];
            _names.Remove(device.Name ?? "");
            if (act.Wish is Wish.Name)
            {
                await router.NameAsync(device, name);
                _names.Add(name);
                return;
            }

            using var forgotten = await router.DeleteAsync($"devices/{device.Id}");
            await forgotten.ShouldBeEmptyAsync(204);
            _rows.Remove(device.Mac ?? "");
        }
    }
}
