using System.Net;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using NetPilot.CommandsClient.Reading;
using NetPilot.CommandsClient.Transport;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

/// <summary>What of the Commands-Server's messages a user may see.</summary>
public sealed class DetailCleanerTests
{
    private const string ApiKey = "api-key-1";
    private const string Password = "p@ss w/rd+1";
    private static readonly Guid Session = Guid.Parse("0b6f0c1e-54f2-4b5c-9a77-3d1f7a1f2c3d");

    private readonly DetailCleaner _cleaner = DetailCleaner.For(
        new CommandsCall(CommandsOperation.WifiPassword, Session, "router-1")
        {
            Secret = Password,
            Address = IPAddress.Parse("192.168.1.10"),
        },
        ApiKey
    );

    [Theory]
    [InlineData(
        "Command failed: device 192.168.1.10 is not in the ARP table",
        "Command failed: device 192.168.1.10 is not in the ARP table"
    )]
    [InlineData(
        "rule for aa:bb:cc:dd:ee:ff not found. Maybe already unblocked",
        "rule for aa:bb:cc:dd:ee:ff not found. Maybe already unblocked"
    )]
    [InlineData("Upload/download limit of 10 Mbit/s and/or N/A", "Upload/download limit of 10 Mbit/s and/or N/A")]
    [InlineData("Done at 12:30, e.g. version 1.2.3 (error 255)!", "Done at 12:30, e.g. version 1.2.3 (error 255)!")]
    [InlineData("password must be 8 characters", "password must be 8 characters")]
    [InlineData("Gerät „Küche“ antwortet nicht 🛰", "Gerät „Küche“ antwortet nicht 🛰")]
    [InlineData("  spaces \t\r\n and\u0000 \u0007 controls\u202e ", "spaces and controls")]
    public void What_a_user_can_use_stays(string message, string expected) => _cleaner.Clean(message).ShouldBe(expected);

    [Theory]
    [InlineData("ssh: connect to host tunnel-3.internal.example port 2201: Connection refused", "tunnel-3", "internal", "2201")]
    [InlineData("ssh: connect to host gateway port 22: timed out", "gateway", "22")]
    [InlineData("HTTPConnectionPool(host='port-manager', port=5050): Max retries exceeded", "port-manager", "5050")]
    [InlineData("Failed: http://127.0.0.1:5000/api/block?sessionId=1 gave 500", "127.0.0.1", "5000", "/api", "http")]
    [InlineData("root@10.8.0.2: Permission denied (publickey)", "10.8.0.2", "root@")]
    [InlineData("no route to 10.8.0.2", "10.8.0.2")]
    [InlineData("192.168.1.10:22 refused", "192.168.1.10", ":22")]
    [InlineData("network 10.0.0.0/24 is down", "10.0.0.0", "/24")]
    [InlineData("fe80::1ff:fe23:4567:890a%eth0 and [2001:db8::1]:8080 failed", "fe80", "2001", "8080", "eth0")]
    [InlineData("redis:6379 and localhost:5432 are down, localhost too", "redis", "6379", "5432", "localhost")]
    [InlineData("Unable to connect to port 22 on 127.0.0.1", "22", "127")]
    [InlineData("cannot open /etc/config/wireless: No such file", "/etc", "config", "wireless")]
    [InlineData("cannot open ~/.ssh/id_rsa or ./keys/x", "ssh", "id_rsa", "keys")]
    [InlineData(@"cannot open C:\Users\netpilot\keys\id_rsa.pem", "Users", "netpilot", "id_rsa")]
    [InlineData(@"cannot open \\files\share\secret.txt", "files", "share")]
    [InlineData("error in app/services/block.py", "app", "block.py")]
    [InlineData("<html><body><h1>Internal Server Error</h1><script>alert(1)</script></body></html>", "<", ">", "html", "alert", "script")]
    [InlineData("&lt;img src=x onerror=alert(1)&gt; oops", "<", "&lt;", "img", "onerror")]
    [InlineData("&amp;lt;b&amp;gt;bold", "<", "&lt", "&amp")]
    [InlineData("<img src=x onerror=alert(1)", "<")]
    [InlineData("<!-- internal --> oops <script>steal()", "internal", "steal", "<")]
    public void What_speaks_of_the_inside_goes(string message, params string[] gone)
    {
        var detail = _cleaner.Clean(message) ?? "";

        foreach (var word in gone)
        {
            detail.ShouldNotContain(word);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("\\n")]
    public void Of_a_traceback_the_error_stays(string newline)
    {
        var message = string.Join(
            newline.Length == 0 ? "\n" : newline,
            "Command failed: uci said no",
            "Traceback (most recent call last):",
            "  File \"/app/services/block.py\", line 42, in run",
            "    client.exec_command(command)",
            "paramiko.ssh_exception.SSHException: Timeout opening channel.",
            "",
            "During handling of the above exception, another exception occurred:",
            "",
            "Traceback (most recent call last):",
            "  File \"/app/app.py\", line 7, in handler",
            "RuntimeError: gave up"
        );

        var detail = _cleaner.Clean(message).ShouldNotBeNull();

        detail.ShouldContain("uci said no");
        detail.ShouldContain("Timeout opening channel");
        detail.ShouldContain("gave up");
        foreach (var word in new[] { "Traceback", "File", "block.py", "line 42", "exec_command", "During handling", "paramiko" })
        {
            detail.ShouldNotContain(word);
        }
    }

    [Fact]
    public void Frames_of_other_runtimes_go_too()
    {
        var detail = _cleaner.Clean(
            "Boom\n   at NetPilot.Secret.Run(String id) in /src/Run.cs:line 4\n   at java.lang.Thread.run(Thread.java:750)\nEnd"
        );

        detail.ShouldBe("Boom End");
    }

    [Theory]
    [InlineData("wpa_passphrase home p@ss w/rd+1 failed")]
    [InlineData("failed: P@SS W/RD+1")]
    [InlineData("password=p%40ss%20w%2Frd%2B1")]
    [InlineData("password=p%40ss+w%2Frd%2B1 refused")]
    [InlineData("sh -c 'echo p@ss\\ w/rd+1'")]
    [InlineData("{\\\"psk\\\": \\\"p@ss w\\/rd+1\\\"}")]
    [InlineData("psk cEBzcyB3L3JkKzE= refused")]
    [InlineData("p<b>@ss w/rd+1</b>")]
    [InlineData("p&#64;ss w/rd+1")]
    [InlineData("p\u0000@ss w/rd+1")]
    [InlineData("wireless.key='another one' refused")]
    [InlineData("session 0B6F0C1E-54F2-4B5C-9A77-3D1F7A1F2C3D is not yours")]
    [InlineData("session 0b6f0c1e54f24b5c9a773d1f7a1f2c3d is not yours")]
    [InlineData("session 7a0c2a1e-0000-4b5c-9a77-3d1f7a1f2c3d is somebody's")]
    [InlineData("X-Api-Key api-key-1 is wrong")]
    public void What_was_sent_in_confidence_does_not_come_back(string message)
    {
        var detail = _cleaner.Clean(message) ?? "";

        foreach (var secret in new[] { "ss w/rd", "ss\\ w", "ss%20w", "ss+w", "cEBz", "another", "0b6f0c1e", "7a0c2a1e", "api-key-1" })
        {
            detail.ShouldNotContain(secret, Case.Insensitive);
        }
    }

    [Fact]
    public void A_long_message_is_cut_at_300_characters_and_between_characters()
    {
        var detail = _cleaner.Clean("oh " + string.Join(' ', Enumerable.Repeat("🛰🛰", 200))).ShouldNotBeNull();

        detail.Length.ShouldBeInRange(DetailCleaner.MaxLength - 1, DetailCleaner.MaxLength);
        detail.EnumerateRunes().ShouldNotContain(Rune.ReplacementChar);
        var words = string.Concat(Enumerable.Repeat("word ", 60)).Trim() + "s";
        words.Length.ShouldBe(300);
        _cleaner.Clean(words).ShouldBe(words);
        _cleaner.Clean(words + "s").ShouldBe(words[..299] + "…");
        _cleaner.Clean(new string('x', 201)).ShouldBeNull();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" \n ")]
    [InlineData("<html></html>")]
    [InlineData("/usr/bin/python3")]
    [InlineData("Traceback (most recent call last):\n  File \"x.py\", line 1")]
    public void Where_nothing_is_left_there_is_no_detail(string? message) => _cleaner.Clean(message).ShouldBeNull();

    [Theory]
    [InlineData("COMMAND_FAILED", "COMMAND_FAILED")]
    [InlineData("<b>X</b> y", "bXby")]
    [InlineData("0b6f0c1e-54f2-4b5c-9a77-3d1f7a1f2c3d", null)]
    [InlineData("E_7a0c2a1e-0000-4b5c-9a77-3d1f7a1f2c3d", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_code_is_a_code(string? code, string? expected) => _cleaner.CleanCode(code).ShouldBe(expected);

    [Theory]
    [InlineData("a.")]
    [InlineData("1.")]
    [InlineData("a:")]
    [InlineData("/a")]
    [InlineData("<")]
    [InlineData("a-")]
    [InlineData("&lt;")]
    [InlineData("\\\\a")]
    [InlineData("0:")]
    [InlineData("host ")]
    public void No_message_is_too_long_to_clean(string part) =>
        Should.NotThrow(() => _cleaner.Clean(string.Concat(Enumerable.Repeat(part, 200_000))));

    [Fact]
    public void Every_pattern_gives_up_after_a_second()
    {
        var patterns = typeof(DetailCleaner)
            .GetMethods(BindingFlags.Static | BindingFlags.NonPublic)
            .Where(method => method.ReturnType == typeof(Regex))
            .Select(method => (Regex)method.Invoke(null, null)!)
            .ToArray();

        patterns.Length.ShouldBeGreaterThan(5);
        patterns.ShouldAllBe(pattern => pattern.MatchTimeout == TimeSpan.FromSeconds(1));
    }
}
