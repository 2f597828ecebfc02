namespace NetPilot.DevStack.Simulator;

/// <summary>A device of a home.</summary>
/// <param name="Ip">Its address now, or the last one while it is away.</param>
/// <param name="Mac">Its MAC, lower-case with colons.</param>
/// <param name="Hostname">Its own name; null leaves the field out of a scan.</param>
/// <param name="Vendor">Its maker; null leaves the field out of a scan.</param>
/// <param name="Present">Whether it is at home.</param>
public sealed record SimulatedDevice(string Ip, string Mac, string? Hostname = null, string? Vendor = null, bool Present = true)
{
    /// <summary>Whether the router knows its lease while it is away: an idle device.</summary>
    public bool Leased { get; init; }

    /// <summary>What a scan shows as its MAC; empty leaves the field out, null is the MAC.</summary>
    public string? ScannedMac { get; init; }

    internal bool IsRouter => Ip.EndsWith(".1", StringComparison.Ordinal);
}

/// <summary>Makes up believable homes: the same for a routerId every time.</summary>
internal static class Home
{
    // The examples of the OpenAPI document name this router, and in its home this address.
    private const string DocumentedRouter = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    private const string DocumentedNet = "192.168.1";
    private const int DocumentedAddress = 10;

    private sealed record Model(string? Hostname, string? Vendor, string MacPrefix);

    private static readonly Model Router = new("OpenWrt", "GL Technologies (Hong Kong) Limited", "94:83:c4");

    // The first ones stay where they are; the others come and go in a home that is alive.
    private static readonly Model[] Settled =
    [
        new("LGwebOSTV", "LG Electronics", "a8:23:fe"),
        new("HP-LaserJet-M110w", "Hewlett Packard", "3c:52:82"),
        new("Philips-hue", "Signify B.V.", "ec:b5:fa"),
        new("raspberrypi", "Raspberry Pi Trading Ltd", "dc:a6:32"),
    ];

    private static readonly Model[] Roaming =
    [
        new("iPhone", "Unknown Vendor", "randomised"),
        new("Galaxy-S23", "Samsung Electronics Co.,Ltd", "8c:ea:48"),
        new("DESKTOP-7Q2KJ4L", "Intel Corporate", "f4:b3:01"),
        new("MacBook-Pro", "Apple, Inc.", "a4:83:e7"),
        new("PS5-482", "Sony Interactive Entertainment Inc.", "bc:33:29"),
        new("Unknown", "Unknown", "50:02:91"),
        new("*", "Espressif Inc.", "24:0a:c4"),
        new(null, "TP-Link Technologies Co.,Ltd.", "60:32:b1"),
        new("Chromecast", null, "f4:f5:d8"),
        new("iPad", "Apple, Inc.", "f0:18:98"),
        new("kindle-c0d1", "Amazon Technologies Inc.", "fc:65:de"),
    ];

    // The pool of OpenWrt's DHCP server begins here. Of three digits none is found within another.
    public const int FirstAddress = 100;
    public const int LastAddress = 254;

    public static int SettledCount => Settled.Length + 1;

    public static List<SimulatedDevice> Of(string routerId, out string ssid)
    {
        var random = new Random(Seed(routerId));
        var net = $"192.168.{random.Next(0, 255)}";
        var free = Enumerable.Range(FirstAddress, LastAddress - FirstAddress + 1).ToArray();
        random.Shuffle(free);
        if (routerId == DocumentedRouter)
        {
            net = DocumentedNet;
            // 100 to 109 begin with it: the deployed form would confuse them.
            free = [DocumentedAddress, .. free.Where(address => address >= 110)];
        }

        var roaming = Roaming.ToArray();
        random.Shuffle(roaming.AsSpan(1));
        var away = random.Next(Settled.Length + 1, Settled.Length + 7);
        var models = Settled.Concat(roaming.Take(7)).ToArray();
        ssid = $"{(random.Next(2) == 0 ? "Home" : "FamilyNet")}-{random.Next(100, 1000)}";

        var devices = new List<SimulatedDevice>(models.Length + 1) { new($"{net}.1", Mac(Router), Router.Hostname, Router.Vendor) };
        for (var i = 0; i < models.Length; i++)
        {
            devices.Add(new SimulatedDevice($"{net}.{free[i]}", Mac(models[i]), models[i].Hostname, models[i].Vendor, Present: i != away));
        }
        return devices;

        // A randomised MAC has the second-lowest bit of its first octet set.
        string Mac(Model model)
        {
            var prefix = model.MacPrefix is "randomised"
                ? $"{random.Next(64) << 2 | 2:x2}:{random.Next(256):x2}:{random.Next(256):x2}"
                : model.MacPrefix;
            return $"{prefix}:{random.Next(256):x2}:{random.Next(256):x2}:{random.Next(256):x2}";
        }
    }

    // string.GetHashCode differs from run to run.
    private static int Seed(string text)
    {
        unchecked
        {
            var hash = 2166136261;
            foreach (var character in text)
            {
                hash = (hash ^ character) * 16777619;
            }
            return (int)(hash & int.MaxValue);
        }
    }
}
