using System.Text;
using NetPilot.CommandsClient.Reading;
using NetPilot.CommandsClient.Transport;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

/// <summary>What is an envelope, and what is not.</summary>
public sealed class EnvelopeTests
{
    [Theory]
    [InlineData("""{"success": true, "data": null}""")]
    [InlineData("""{"success": true, "data": {}, "error": null, "metadata": {"executionTime": 0.1, "timestamp": "2025-01-01T00:00:00"}}""")]
    [InlineData("""{"metadata": 7, "surprise": [1, 2], "data": "done", "success": true}""")]
    [InlineData("""{"success": false, "success": false, "success": true, "data": 1}""", false)]
    [InlineData("""{"success": true, "success": true, "data": 1, "data": 2}""")]
    [InlineData("""{"success": "true", "data": {}}""", false)]
    [InlineData("""{"success": 1, "data": {}}""", false)]
    [InlineData("""{"success": null, "data": {}}""", false)]
    [InlineData("""{"success": true}""", false)]
    [InlineData("""{"data": {}}""", false)]
    [InlineData("""{"success": false, "data": null}""", false)]
    [InlineData("""{"success": false, "error": 5}""", false)]
    [InlineData("""[{"success": true, "data": null}]""", false)]
    [InlineData("""{"success": true, "data": null""", false)]
    [InlineData("""{"success": true, "data": NaN}""", false)]
    [InlineData("""{"success": true, "data": null} trailing""", false)]
    [InlineData("null", false)]
    [InlineData("   ", false)]
    public void An_envelope_has_success_and_what_belongs_to_it(string body, bool isEnvelope = true) =>
        (Read(200, body) is CallOutcome.Envelope).ShouldBe(isEnvelope);

    [Fact]
    public void A_byte_order_mark_and_deep_nesting_do_no_harm()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 300)) + string.Concat(Enumerable.Repeat("]", 300));
        byte[] body = [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes($$"""{"success": true, "data": {{deep}}}""")];

        EnvelopeReader.Read(200, body).ShouldBeOfType<CallOutcome.Envelope>().Success.ShouldBeTrue();
    }

    [Fact]
    public void Endless_nesting_is_no_answer() =>
        Read(200, $$"""{"success": true, "data": {{string.Concat(Enumerable.Repeat("[", 1_000_000))}}""")
            .ShouldBeOfType<CallOutcome.NoEnvelope>();

    [Fact]
    public void Broken_characters_cost_only_themselves()
    {
        byte[] body =
        [
            .. """{"success": true, "data": [{"ip": "192.168.1.10", "hostname": "a\ud83db\udcffc\ud83d\ude00\\ud83d"""u8,
            0xFF,
            0xC3,
            .. """d", "\ud800": 1}]}"""u8,
        ];

        var envelope = EnvelopeReader.Read(200, body).ShouldBeOfType<CallOutcome.Envelope>();

        DataReaders.Scan(envelope.Data).ShouldNotBeNull().Devices.ShouldHaveSingleItem().Hostname.ShouldBe(@"abc😀\ud83dd");
    }

    [Theory]
    [InlineData("""{"success": false, "error": {"code": "X", "message": "no", "details": null}}""", "X", "no")]
    [InlineData("""{"success": false, "error": {"code": 7}}""", "7", null)]
    [InlineData("""{"success": false, "error": {}}""", null, null)]
    [InlineData("""{"success": false, "error": "no"}""", null, "no")]
    [InlineData("""{"success": false, "error": null}""", null, null)]
    public void A_failure_says_what_it_can(string body, string? code, string? message)
    {
        var envelope = Read(500, body).ShouldBeOfType<CallOutcome.Envelope>();

        envelope.Success.ShouldBeFalse();
        (envelope.Code, envelope.Message).ShouldBe((code, message));
    }

    [Theory]
    [InlineData(500, "COMMAND_FAILED", "Command failed: rule for aa:bb:cc:dd:ee:ff not found. Maybe already unblocked", true)]
    [InlineData(500, "COMMAND_FAILED", "NOT FOUND\nmaybe ALREADY UNBLOCKED", true)]
    [InlineData(500, "COMMAND_FAILED", "Command failed: device not found", false)]
    [InlineData(503, "COMMAND_FAILED", "not found. Maybe already unblocked", true)]
    [InlineData(404, "NOT_FOUND", "Rule for aa:bb:cc:dd:ee:ff not found. Maybe already unblocked", true)]
    [InlineData(404, "ROUTER_NOT_FOUND", "Router r not found", false)]
    public void Unblocking_what_is_not_blocked_is_recognised(int status, string code, string message, bool expected) =>
        FailureMap
            .Judge(
                new CallOutcome.Envelope(status, false, default, code, message),
                new CommandsCall(CommandsOperation.Unblock, null, null),
                new CommandsServerOptions()
            )
            .ShouldNotBeNull()
            .MaybeAlreadyUnblocked.ShouldBe(expected);

    [Theory]
    [InlineData(CommandsOperation.BlacklistRemove, "192.168.1.10 not found. Maybe already removed", true)]
    [InlineData(CommandsOperation.WhitelistRemove, "192.168.1.10 is not in the whitelist", true)]
    [InlineData(CommandsOperation.WhitelistRemove, "Router r not found", false)]
    [InlineData(CommandsOperation.WhitelistAdd, "192.168.1.10 is not in the whitelist", false)]
    [InlineData(CommandsOperation.Block, "not found. Maybe already unblocked", false)]
    public void So_is_taking_off_a_list_what_it_does_not_have_and_the_failure_stays_what_its_status_says(
        object operation,
        string message,
        bool expected
    )
    {
        var failure = FailureMap
            .Judge(
                new CallOutcome.Envelope(404, false, default, "NOT_FOUND", message),
                new CommandsCall((CommandsOperation)operation, null, null),
                new CommandsServerOptions()
            )
            .ShouldNotBeNull();

        failure.MaybeAlreadyUnblocked.ShouldBe(expected);
        (failure.Kind, failure.Effect).ShouldBe((CommandsFailureKind.RouterUnreachable, CommandEffect.NotDone));
    }

    [Theory]
    [InlineData("device 192.168.1.10 is not in the ARP table", true)]
    [InlineData("Could not find MAC for IP 192.168.1.10", true)]
    [InlineData("device 192.168.1.10 not found", true)]
    [InlineData("Device is offline", true)]
    [InlineData("No device with IP 192.168.1.10", true)]
    [InlineData("no ARP entry", true)]
    [InlineData("Unable to resolve the MAC of 192.168.1.10", true)]
    [InlineData("unknown IP 192.168.1.10", true)]
    [InlineData("rule for device 192.168.1.10 not found. Maybe already unblocked", false)]
    [InlineData("Rule for IP 192.168.1.10 not found", false)]
    [InlineData("Failed to apply block rule: device of network 'wan6' not found", false)]
    [InlineData("Section @zone[1] (wan) cannot resolve device of network 'wan6'", false)]
    [InlineData("Failed to unblock IP 192.168.1.4: iptables: not found", false)]
    [InlineData("RTNETLINK answers: No such device", false)]
    [InlineData("the router refused", false)]
    public void That_the_device_is_absent_is_said_in_other_words_in_the_plan(string message, bool expected) =>
        FailureMap
            .Judge(
                new CallOutcome.Envelope(500, false, default, "COMMAND_FAILED", $"Command failed: {message}"),
                new CommandsCall(CommandsOperation.Unblock, null, null),
                new CommandsServerOptions()
            )
            .ShouldNotBeNull()
            .FoundNoDevice.ShouldBe(expected);

    [Theory]
    [InlineData("Command failed: Could not find MAC for IP 192.168.1.10 via ARP or DHCP lease", CommandEffect.NotDone)]
    [InlineData("Command failed: device of network 'wan6' not found", CommandEffect.Unknown)]
    [InlineData("Command failed: device 192.168.1.10 is not in the ARP table", CommandEffect.NotDone)]
    [InlineData("Command failed: Failed to apply block rule: noise", CommandEffect.Unknown)]
    public void A_block_that_found_no_device_was_not_done_in_the_deployed_dialect_either(string message, CommandEffect effect)
    {
        var failure = FailureMap
            .Judge(
                new CallOutcome.Envelope(500, false, default, "COMMAND_FAILED", message),
                new CommandsCall(CommandsOperation.Block, null, null),
                new CommandsServerOptions { Dialect = CommandsDialect.Deployed }
            )
            .ShouldNotBeNull();

        failure.Effect.ShouldBe(effect);
        failure.FoundNoDevice.ShouldBe(effect == CommandEffect.NotDone);
    }

    private static CallOutcome Read(int status, string body) => EnvelopeReader.Read(status, Encoding.UTF8.GetBytes(body));
}
