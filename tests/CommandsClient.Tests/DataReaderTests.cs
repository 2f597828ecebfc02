using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;
using NetPilot.CommandsClient.Reading;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

/// <summary>Data as routers bring it, and what is made of it.</summary>
public sealed class DataReaderTests
{
    [Fact]
    public void A_scan_keeps_what_is_good_and_says_why_it_skips_the_rest()
    {
        var report = Scan(
            """
            [
              {"ip": "192.168.1.10", "mac": "AA-BB-CC-DD-EE-01", "hostname": "Küche 😀", "vendor": "Unknown Vendor", "status": "Online"},
              {"ip": "192.168.1.11", "mac": "ff:ff:ff:ff:ff:ff", "hostname": "*", "vendor": "UNKNOWN"},
              {"ip": "192.168.1.12"},
              {"ip": "192.168.1.13", "mac": 5, "hostname": 17, "vendor": {"name": "x"}},
              "192.168.1.14", null, 7, [],
              {"mac": "aa:bb:cc:dd:ee:02"},
              {"ip": "", "mac": "aa:bb:cc:dd:ee:03"},
              {"ip": "fe80::1", "mac": "aa:bb:cc:dd:ee:04"},
              {"ip": "192.168.001.015"}, {"ip": "3232235777"}, {"ip": "127.0.0.1"}, {"ip": "169.254.1.1"}, {"ip": "0.1.1.1"},
              {"ip": "224.0.0.5"}, {"ip": "192.168.1.0"}, {"ip": "192.168.1.255"}, {"ip": "not-an-ip\u0007"}
            ]
            """
        );

        report.Devices.ShouldBe([
            new ScannedDevice(Ip("192.168.1.10"), Mac("AABBCCDDEE01"), "Küche 😀", null),
            new ScannedDevice(Ip("192.168.1.11"), null, null, null),
            new ScannedDevice(Ip("192.168.1.12"), null, null, null),
            new ScannedDevice(Ip("192.168.1.13"), null, "17", null),
        ]);
        report.Skipped.Count.ShouldBe(16);
        report.Skipped.ShouldAllBe(skipped => skipped.Reason.Length > 10);
        report.Skipped[4].ShouldBe(new SkippedDevice(null, "aa:bb:cc:dd:ee:02", "The record has no IP address."));
        report.Skipped[6].Reason.ShouldContain("IPv6");
        report.Skipped[^1].Address.ShouldBe("not-an-ip");
    }

    [Theory]
    [InlineData("?")]
    [InlineData("*")]
    [InlineData("-")]
    [InlineData("--")]
    [InlineData("???")]
    [InlineData("(unknown)")]
    [InlineData("(Unknown)")]
    [InlineData("<unknown>")]
    [InlineData("[UNKNOWN]")]
    [InlineData("( Unknown Vendor )")]
    [InlineData("unknown vendor")]
    [InlineData("(null)")]
    [InlineData("None")]
    [InlineData("N/A")]
    [InlineData("localhost")]
    [InlineData("()")]
    [InlineData("\u200f?\u0007")]
    [InlineData("\u200b")]
    [InlineData("\u2060\u00ad\u180e")]
    public void What_stands_for_not_known_is_no_name(string text) => DownstreamText.Known(text).ShouldBeNull();

    [Theory]
    [InlineData("unknown-soldier")]
    [InlineData("(Unknown) 2")]
    [InlineData("Nonesuch")]
    [InlineData("nas")]
    [InlineData("📱")]
    [InlineData("👩‍💻")]
    [InlineData("🏴󠁧󠁢󠁥󠁮󠁧󠁿")]
    [InlineData("[Küche]")]
    public void What_names_a_device_is_kept_as_it_came(string text) => DownstreamText.Known(text).ShouldBe(text);

    [Theory]
    [InlineData("(Unknown: locally administered)")]
    [InlineData("Unknown, maybe random")]
    [InlineData("unknown (00:11:22)")]
    [InlineData("Locally Administered Address")]
    [InlineData("locally-administered")]
    [InlineData("Randomized MAC")]
    [InlineData("[random mac]")]
    [InlineData("Private MAC address")]
    [InlineData("Private")]
    [InlineData("(private)")]
    [InlineData("(unknown)")]
    [InlineData("N/A")]
    public void What_says_that_a_MAC_is_private_is_no_vendor(string text)
    {
        DownstreamText.Vendor(text).ShouldBeNull();
        var written = JsonSerializer.Serialize(text);
        Scan($$"""[{"ip": "10.0.0.1", "vendor": {{written}}}]""").Devices.Single().Vendor.ShouldBeNull();
    }

    [Theory]
    [InlineData("Unknownia Networks")]
    [InlineData("Privateer Systems")]
    [InlineData("Private Label Electronics")]
    [InlineData("Random Devices Inc.")]
    [InlineData("The Unknown Company")]
    public void What_names_a_vendor_is_kept_as_it_came(string text) => DownstreamText.Vendor(text).ShouldBe(text);

    [Fact]
    public void A_scan_brings_a_thousand_devices_at_most_and_says_so()
    {
        var entries = Enumerable.Range(0, 3000).Select(i => $$"""{"ip": "10.0.{{i / 250}}.{{i % 250 + 1}}"}""");

        var report = Scan($"[{string.Join(',', entries)}]");

        report.Devices.Count.ShouldBe(1000);
        report.Skipped.Count.ShouldBe(1000);
        report.Skipped[0].ShouldBe(new SkippedDevice("10.0.4.1", null, "The scan has more than 1,000 devices."));
    }

    [Theory]
    [InlineData("AA-BB-CC-DD-EE-01", "aa:bb:cc:dd:ee:01")]
    [InlineData(" aabb.ccdd.ee01 ", "aa:bb:cc:dd:ee:01")]
    [InlineData("1:2:3:4:5:A", "01:02:03:04:05:0a")]
    [InlineData("FF-FF-FF-FF-FF-FF", "ff:ff:ff:ff:ff:ff")]
    [InlineData("(In\u0007complete)\u202e", "(Incomplete)")]
    [InlineData(" ", null)]
    public void The_mac_of_what_is_skipped_is_in_canonical_form_or_clean(string text, string? mac)
    {
        var written = JsonSerializer.Serialize(text);
        Scan($$"""[{"ip": "fe80::1", "mac": {{written}}}]""").Skipped.Single().Mac.ShouldBe(mac);

        var devices = Enumerable.Range(0, 1001).Select(i => $$"""{"ip": "10.0.{{i / 250}}.{{i % 250 + 1}}", "mac": {{written}}}""");
        Scan($"[{string.Join(',', devices)}]").Skipped.Single().Mac.ShouldBe(mac);
    }

    [Fact]
    public void What_is_no_mac_is_cut_where_a_hostname_is()
    {
        var devices = Enumerable
            .Range(0, 1001)
            .Select(i => $$"""{"ip": "10.0.{{i / 250}}.{{i % 250 + 1}}", "mac": "{{new string('x', 300)}}"}""");

        Scan($"[{string.Join(',', devices)}]").Skipped.Single().Mac.ShouldBe(new string('x', 255));
    }

    [Fact]
    public void The_same_mac_twice_in_a_scan_is_left_to_the_caller() =>
        Scan("""[{"ip": "10.0.0.1", "mac": "aa:bb:cc:dd:ee:01"}, {"ip": "10.0.0.2", "mac": "aa:bb:cc:dd:ee:01"}]""")
            .Devices.Count.ShouldBe(2);

    [Theory]
    [InlineData("""[{"mac": "aa:bb:cc:dd:ee:01", "ip": "192.168.1.10"}]""", "192.168.1.10", "AABBCCDDEE01")]
    [InlineData("""[{"mac": "aa:bb:cc:dd:ee:01", "ip": "N/A"}]""", null, "AABBCCDDEE01")]
    [InlineData("""[{"mac": "aa:bb:cc:dd:ee:01", "ip": null}]""", null, "AABBCCDDEE01")]
    [InlineData("""[{"ip": "192.168.1.10"}]""", "192.168.1.10", null)]
    [InlineData("""[{"mac": "N/A", "ip": "192.168.1.10"}]""", "192.168.1.10", null)]
    [InlineData("""[{"mac": null, "ip": "192.168.1.10"}]""", "192.168.1.10", null)]
    [InlineData("""["192.168.1.10"]""", "192.168.1.10", null)]
    [InlineData("""["AABB.CCDD.EE01"]""", null, "AABBCCDDEE01")]
    public void A_rule_is_an_address_or_a_mac(string json, string? ip, string? mac)
    {
        var report = DataReaders.Blocked(Json(json)).ShouldNotBeNull();

        report.Rules.ShouldBe([new BlockedRule(ip is null ? null : Ip(ip), mac is null ? null : Mac(mac))]);
        report.IsComplete.ShouldBeTrue();
    }

    [Theory]
    [InlineData("""[{"mac": "aa:bb:cc:dd:ee:01", "ip": "192.168.1.10"}, {"mac": "br:lan", "ip": "N/A"}]""", "N/A", "br:lan")]
    [InlineData("""["192.168.1.10", "N/A"]""", "N/A", null)]
    [InlineData("""["192.168.1.10", null]""", null, null)]
    [InlineData("""["192.168.1.10", 42]""", "42", null)]
    [InlineData("""["192.168.1.10", {"mac": "01:00:5e:00:00:01"}]""", null, "01:00:5e:00:00:01")]
    [InlineData("""["192.168.1.10", {"mac": "at", "ip": "192.168.1.11"}]""", "192.168.1.11", "at")]
    [InlineData("""["192.168.1.10", {"mac": "00:00:00:00:00:00", "ip": "192.168.1.11"}]""", "192.168.1.11", "00:00:00:00:00:00")]
    [InlineData("""["192.168.1.10", {"mac": ["aa:bb:cc:dd:ee:01"], "ip": "192.168.1.11"}]""", "192.168.1.11", null)]
    public void An_entry_that_names_no_device_leaves_the_others_readable(string json, string? ip, string? mac)
    {
        var report = DataReaders.Blocked(Json(json)).ShouldNotBeNull();

        report.Rules.ShouldHaveSingleItem().Address.ShouldBe(Ip("192.168.1.10"));
        report.Unreadable.ShouldBe([new UnreadableRule(ip, mac)]);
        report.IsComplete.ShouldBeFalse();
    }

    [Theory]
    [InlineData("""{"blocked": []}""")]
    [InlineData("null")]
    [InlineData("\"none\"")]
    public void What_is_no_list_of_rules_is_not_read(string json) => DataReaders.Blocked(Json(json)).ShouldBeNull();

    [Fact]
    public void No_rules_are_an_empty_list()
    {
        var report = DataReaders.Blocked(Json("[]")).ShouldNotBeNull();

        report.Rules.ShouldBeEmpty();
        report.IsComplete.ShouldBeTrue();
    }

    [Theory]
    [InlineData("\"Successfully blocked IP 192.168.1.10 (MAC: aa:bb:cc:dd:ee:01)\"", "AABBCCDDEE01")]
    [InlineData("""{"message": "Device blocked", "mac": "AA-BB-CC-DD-EE-01"}""", "AABBCCDDEE01")]
    [InlineData("""{"message": "Successfully blocked IP 192.168.1.10 (MAC: aa:bb:cc:dd:ee:01)"}""", "AABBCCDDEE01")]
    [InlineData("\"Device 192.168.1.10 blocked\"", null)]
    [InlineData("""{"mac": null}""", null)]
    [InlineData("""{"mac": "N/A"}""", null)]
    [InlineData("null", null)]
    [InlineData("[]", null)]
    public void The_answer_of_a_block_may_name_one_mac(string json, string? mac)
    {
        DataReaders.Block(Json(json)).ShouldBe(new BlockReceipt(mac is null ? null : Mac(mac)));
    }

    [Theory]
    [InlineData("\"Successfully blocked IP 192.168.1.10 (MAC: br:lan)\"", false)]
    [InlineData("\"Successfully blocked IP 192.168.1.10 (MAC: at)\"", false)]
    [InlineData("\"Successfully blocked IP 192.168.1.10 (MAC: 00:00:00:00:00:00)\"", false)]
    [InlineData("\"Successfully blocked IP 192.168.1.1 (MAC: aa:bb:cc:dd:ee:01\\naa:bb:cc:dd:ee:02)\"", true)]
    [InlineData("\"Successfully blocked IP 192.168.1.1 (MAC: aa:bb:cc:dd:ee:01\\naa:bb:cc:dd:ee:01)\"", true)]
    [InlineData("\"Successfully blocked IP 192.168.1.1 (MAC: aa:bb:cc:dd:ee:01 br:lan)\"", true)]
    [InlineData("""{"mac": "aa:bb:cc:dd:ee:01, aa:bb:cc:dd:ee:02"}""", true)]
    public void The_answer_of_a_block_may_name_something_else_than_one_device(string json, bool isOfSeveral)
    {
        DataReaders.Block(Json(json)).ShouldBe(new BlockReceipt(null, IsAmbiguous: true, isOfSeveral));
    }

    [Theory]
    [InlineData("""{"download": 93.1, "upload": 12, "ping": 0}""", true)]
    [InlineData("""{"download": "93.1", "upload": " 12 ", "ping": "1e1", "server": "x"}""", true)]
    [InlineData("""{"download": 93.1, "upload": 12}""", false)]
    [InlineData("""{"download": -1, "upload": 12, "ping": 1}""", false)]
    [InlineData("""{"download": "NaN", "upload": 12, "ping": 1}""", false)]
    [InlineData("""{"download": "Infinity", "upload": 12, "ping": 1}""", false)]
    [InlineData("""{"download": 1e999, "upload": 12, "ping": 1}""", false)]
    [InlineData("""{"download": "93,1 Mbit", "upload": 12, "ping": 1}""", false)]
    [InlineData("""{"download": null, "upload": 12, "ping": 1}""", false)]
    [InlineData("""[93.1, 12, 10]""", false)]
    public void A_speed_test_is_three_sound_numbers(string json, bool expected) =>
        (DataReaders.SpeedTest(Json(json)) is not null).ShouldBe(expected);

    [Theory]
    [InlineData("""{"enabled": true, "ssid": "Home", "encryption": "WPA2"}""", true, "Home", "WPA2")]
    [InlineData("""{"enabled": "0", "ssid": 42, "encryption": null}""", false, "42", null)]
    [InlineData("""{"enabled": 1, "ssid": " a\u0007b ", "encryption": ""}""", true, "ab", null)]
    [InlineData("""{"enabled": "Off"}""", false, null, null)]
    public void The_wifi_is_on_or_off(string json, bool enabled, string? ssid, string? encryption)
    {
        DataReaders.Wifi(Json(json)).ShouldBe(new WifiReport(enabled, ssid, encryption));
    }

    [Theory]
    [InlineData("""{"ssid": "Home"}""")]
    [InlineData("""{"enabled": "perhaps"}""")]
    [InlineData("""{"enabled": null}""")]
    [InlineData("""[true]""")]
    public void A_wifi_that_is_neither_is_no_answer(string json) => DataReaders.Wifi(Json(json)).ShouldBeNull();

    [Fact]
    public void A_list_keeps_what_is_no_address_apart()
    {
        var report = DataReaders
            .Addresses(Json("""["192.168.1.10", "x", 7, "aa:bb:cc:dd:ee:01", {"ip": "192.168.1.11", "mac": "at"}, {}]"""))
            .ShouldNotBeNull();

        report.Rules.ShouldBe([new BlockedRule(Ip("192.168.1.10"), null), new BlockedRule(Ip("192.168.1.11"), null)]);
        report.Unreadable.Count.ShouldBe(4);
    }

    [Theory]
    [InlineData("aa:bb:cc:dd:ee:01", "AABBCCDDEE01")]
    [InlineData("AA-BB-CC-DD-EE-01", "AABBCCDDEE01")]
    [InlineData("aabb.ccdd.ee01", "AABBCCDDEE01")]
    [InlineData("aabbccddee01", "AABBCCDDEE01")]
    [InlineData(" 0:1a:2b:3c:4d:5 ", "001A2B3C4D05")]
    [InlineData("00:00:00:00:00:00", null)]
    [InlineData("ff:ff:ff:ff:ff:ff", null)]
    [InlineData("01:00:5e:00:00:01", null)]
    [InlineData("33:33:00:00:00:fb", null)]
    [InlineData("01:80:c2:00:00:0e", null)]
    [InlineData("11:22:33:44:55:66", "112233445566")]
    [InlineData("01:23:45:67:89:ab", "0123456789AB")]
    [InlineData("aa:bb:cc:dd:ee", null)]
    [InlineData("aa:bb:cc:dd:ee:0g", null)]
    [InlineData("aa:bb:cc:dd:ee:01:02", null)]
    [InlineData("aaa:b:cc:dd:ee:01", null)]
    [InlineData("(incomplete)", null)]
    [InlineData("+aabbccddee0", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_mac_is_read_in_any_usual_form(string? text, string? expected) =>
        (DeviceAddresses.ReadMac(text)?.ToString()).ShouldBe(expected);

    [Theory]
    [InlineData("  Living\u0000 Room\u0007\u202e  ", "Living Room")]
    [InlineData("a\ud83db", "ab")]
    [InlineData("👨‍👩‍👧 family", "👨‍👩‍👧 family")]
    [InlineData("\u0001\u0002", null)]
    [InlineData(" ", null)]
    [InlineData(null, null)]
    public void Strings_of_strangers_are_cleaned(string? text, string? expected) => DownstreamText.Clean(text).ShouldBe(expected);

    [Fact]
    public void Strings_are_cut_at_255_code_points()
    {
        DownstreamText.Clean(string.Concat(Enumerable.Repeat("😀", 300))).ShouldBe(string.Concat(Enumerable.Repeat("😀", 255)));
        DownstreamText.Clean(new string('x', 255)).ShouldBe(new string('x', 255));
    }

    private static ScanReport Scan(string json) => DataReaders.Scan(Json(json)).ShouldNotBeNull();

    private static JsonElement Json(string json) => JsonElement.Parse(json);

    private static IPAddress Ip(string text) => IPAddress.Parse(text);

    private static PhysicalAddress Mac(string digits) => PhysicalAddress.Parse(digits);
}
