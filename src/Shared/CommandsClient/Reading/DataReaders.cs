namespace NetPilot.CommandsClient.Reading;

/// <summary>Reads the contract's column "data on success". Null where the shape matters and is wrong.</summary>
internal static partial class DataReaders
{
    public const int MaxDevices = 1000;

    /// <summary>For commands: success is the envelope's word, and the data may be anything.</summary>
    public static Unit Anything(JsonElement data) => default;

    /// <summary>Entries that name no device are kept apart: a list with one of them proves no rule absent.</summary>
    public static BlockedReport? Blocked(JsonElement data) => Rules(data, entry => !NamesNoMac(entry));

    private static BlockedReport? Rules(JsonElement data, Func<JsonElement, bool> isReadable)
    {
        if (data.ValueKind is not JsonValueKind.Array)
        {
            return null;
        }

        var rules = new List<BlockedRule>(data.GetArrayLength());
        var unreadable = new List<UnreadableRule>();
        foreach (var entry in data.EnumerateArray())
        {
            var (ip, mac) =
                entry.ValueKind is JsonValueKind.Object
                    ? (DownstreamText.Field(entry, "ip"), DownstreamText.Field(entry, "mac"))
                    : (DownstreamText.Of(entry), DownstreamText.Of(entry));
            var rule = new BlockedRule(DeviceAddresses.TryReadIPv4(ip, out var address) ? address : null, DeviceAddresses.ReadMac(mac));
            if (rule is not { Address: null, Mac: null } && isReadable(entry))
            {
                rules.Add(rule);
            }
            else if (unreadable.Count < MaxDevices)
            {
                var isObject = entry.ValueKind is JsonValueKind.Object;
                unreadable.Add(new UnreadableRule(DownstreamText.Clean(ip), isObject ? DownstreamText.Clean(mac) : null));
            }
        }

        return new BlockedReport(rules, unreadable);
    }

    /// <summary>
    /// Whether an entry has something in place of its MAC that is none: <c>br:lan</c>, zeros, a group address, a list. The rule is for whatever that
    /// is, and not for the device at the entry's address.
    /// </summary>
    private static bool NamesNoMac(JsonElement entry) =>
        entry.ValueKind is JsonValueKind.Object
        && entry.TryGetProperty("mac", out var mac)
        && (
            DownstreamText.Of(mac) is { } text
                ? DownstreamText.Known(text) is not null && DeviceAddresses.ReadMac(text) is null
                : mac.ValueKind is not JsonValueKind.Null
        );

    /// <summary>The MAC that a block's answer names, as a field or within its sentence.</summary>
    public static BlockReceipt Block(JsonElement data)
    {
        var isObject = data.ValueKind is JsonValueKind.Object;
        var text = (isObject ? DownstreamText.Field(data, "message") : DownstreamText.Of(data)) ?? "";
        var named = isObject ? DownstreamText.Field(data, "mac") : null;
        named ??= MacRemark().Match(text) is { Success: true } remark ? remark.Groups["macs"].Value : null;
        // A sentence may say the same MAC twice; the place of the MAC holds one for each line that the router found.
        var words = named is not null
            ? named.Split([' ', ',', ';', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries)
            : MacPattern().Matches(text).Select(match => match.Value).Distinct(StringComparer.OrdinalIgnoreCase);
        var macs = words.Where(word => DownstreamText.Known(word) is not null).Select(DeviceAddresses.ReadMac).Take(2).ToArray();
        return macs switch
        {
            [] => new BlockReceipt(null),
            [{ } mac] => new BlockReceipt(mac),
            [null] => new BlockReceipt(null, IsAmbiguous: true),
            _ => new BlockReceipt(null, IsAmbiguous: true, IsOfSeveral: true),
        };
    }

    public static ScanReport? Scan(JsonElement data)
    {
        if (data.ValueKind is not JsonValueKind.Array)
        {
            return null;
        }

        var devices = new List<ScannedDevice>();
        var skipped = new List<SkippedDevice>();
        foreach (var entry in data.EnumerateArray())
        {
            if (devices.Count == MaxDevices && skipped.Count >= MaxDevices)
            {
                break;
            }

            var (device, skip) = ReadDevice(entry);
            if (device is not null && devices.Count < MaxDevices)
            {
                devices.Add(device);
            }
            else if (skipped.Count < MaxDevices)
            {
                skipped.Add(
                    skip
                        ?? new(
                            device!.Address.ToString(),
                            DeviceAddresses.ShowMac(DownstreamText.Field(entry, "mac")),
                            "The scan has more than 1,000 devices."
                        )
                );
            }
        }

        return new ScanReport(devices, skipped);
    }

    public static SpeedTestReport? SpeedTest(JsonElement data) =>
        data.ValueKind is JsonValueKind.Object
        && ReadMeasure(data, "download") is { } download
        && ReadMeasure(data, "upload") is { } upload
        && ReadMeasure(data, "ping") is { } ping
            ? new SpeedTestReport(download, upload, ping)
            : null;

    public static WifiReport? Wifi(JsonElement data) =>
        data.ValueKind is JsonValueKind.Object && data.TryGetProperty("enabled", out var enabled) && ReadSwitch(enabled) is { } isOn
            ? ReadWifi(data, isOn)
            : null;

    // The deployed form writes this where the router did not tell. A network can be called so, and then the router tells its encryption.
    private static WifiReport ReadWifi(JsonElement data, bool isOn)
    {
        const string untold = "Unknown";
        var ssid = DownstreamText.Clean(DownstreamText.Field(data, "ssid"));
        var encryption = DownstreamText.Clean(DownstreamText.Field(data, "encryption"));
        var isUntold = encryption is null or untold;
        return new WifiReport(isOn, ssid == untold && isUntold ? null : ssid, isUntold ? null : encryption);
    }

    /// <summary>The two lists hold addresses alone. Entries that are none are kept apart, as in <see cref="Blocked"/>.</summary>
    public static BlockedReport? Addresses(JsonElement data) =>
        Rules(data, _ => true) is { } read
            ? new BlockedReport(
                [.. read.Rules.Where(rule => rule.Address is not null).Select(rule => rule with { Mac = null })],
                [
                    .. read.Unreadable,
                    .. read.Rules.Where(rule => rule.Address is null).Select(rule => new UnreadableRule(null, rule.Mac?.ToString())),
                ]
            )
            : null;

    private static (ScannedDevice? Device, SkippedDevice? Skipped) ReadDevice(JsonElement entry)
    {
        if (entry.ValueKind is not JsonValueKind.Object)
        {
            return (null, new SkippedDevice(null, null, "The record is not an object."));
        }

        var ip = DownstreamText.Clean(DownstreamText.Field(entry, "ip"));
        var mac = DownstreamText.Clean(DownstreamText.Field(entry, "mac"));
        if (!DeviceAddresses.TryReadDevice(ip, out var address, out var reason))
        {
            return (null, new SkippedDevice(ip, DeviceAddresses.ShowMac(mac), reason));
        }

        var hostname = DownstreamText.Known(DownstreamText.Field(entry, "hostname"));
        var vendor = DownstreamText.Vendor(DownstreamText.Field(entry, "vendor"));
        return (new ScannedDevice(address, DeviceAddresses.ReadMac(mac), hostname, vendor), null);
    }

    private static double? ReadMeasure(JsonElement data, string name) =>
        double.TryParse(DownstreamText.Field(data, name), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
        && double.IsFinite(value)
        && value >= 0
            ? value
            : null;

    private static bool? ReadSwitch(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => DownstreamText.Of(value)?.Trim().ToUpperInvariant() switch
            {
                "TRUE" or "1" or "ON" => true,
                "FALSE" or "0" or "OFF" => false,
                _ => null,
            },
        };

    [GeneratedRegex("(?<![0-9A-Fa-f:-])[0-9A-Fa-f]{1,2}([:-][0-9A-Fa-f]{1,2}){5}(?![0-9A-Fa-f:-])")]
    private static partial Regex MacPattern();

    [GeneratedRegex("\\(MAC: *(?<macs>[^)]*)\\)", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex MacRemark();
}
