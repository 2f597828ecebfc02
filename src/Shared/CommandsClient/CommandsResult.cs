using System.Net.NetworkInformation;

namespace NetPilot.CommandsClient;

/// <summary>The outcome of one call: its data, or why there is none.</summary>
/// <typeparam name="T">What the call brings.</typeparam>
public sealed class CommandsResult<T>
{
    private CommandsResult(T? data, CommandsFailure? failure)
    {
        Data = data;
        Failure = failure;
    }

    /// <summary>The data of a success.</summary>
    public T? Data { get; }

    /// <summary>Why the call failed; null on success.</summary>
    public CommandsFailure? Failure { get; }

    /// <summary>Whether the Commands-Server acknowledged the command: a 2xx status and <c>success: true</c>.</summary>
    [MemberNotNullWhen(true, nameof(Data))]
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool IsSuccess => Failure is null;

    /// <summary>What the outcome says of the router: an acknowledged command was carried out there.</summary>
    public RouterSighting Router => Failure?.Router ?? RouterSighting.Present;

    /// <summary>A success.</summary>
    public static CommandsResult<T> Success(T data) => new(data, null);

    /// <summary>A failure.</summary>
    public static CommandsResult<T> Failed(CommandsFailure failure) => new(default, failure);

    /// <summary>The same outcome with other data: a failure stays what it is.</summary>
    public CommandsResult<TOther> Select<TOther>(Func<T, TOther> read) =>
        IsSuccess ? CommandsResult<TOther>.Success(read(Data)) : CommandsResult<TOther>.Failed(Failure);
}

/// <summary>Why a call failed, in the terms of the REST contract's table "Downstream failures".</summary>
/// <param name="Kind">The row of the table.</param>
/// <param name="Effect">Whether the command can have taken effect on the router.</param>
/// <param name="Detail">The Commands-Server's own message, cleaned of hosts, ports, paths, markup and stack traces, at most 300 characters; or our own sentence.</param>
/// <param name="UpstreamCode">The <c>error.code</c> of the envelope, if there was one (cleaned, at most 64 characters).</param>
public sealed record CommandsFailure(CommandsFailureKind Kind, CommandEffect Effect, string Detail, string? UpstreamCode = null)
{
    /// <summary>
    /// Whether an unblock, or the removal of an entry of a list, failed because that is not there ("not found. Maybe already unblocked"), whatever the
    /// status: done, once GET blocked, or the list, confirms it.
    /// </summary>
    public bool MaybeAlreadyUnblocked { get; init; }

    /// <summary>
    /// Whether a block or unblock failed because the router found no device at the address ("Could not find MAC for IP …"): surely not done.
    /// </summary>
    public bool FoundNoDevice { get; init; }

    /// <summary>What the failure says of the router.</summary>
    public RouterSighting Router { get; init; }

    /// <summary>
    /// When a retry may help: for <see cref="CommandsFailureKind.Unavailable"/>, <see cref="CommandsFailureKind.RouterUnreachable"/> and
    /// <see cref="CommandsFailureKind.RouterBusy"/>.
    /// </summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>
    /// When the command was sent, which can be long after the call was made: the mending of the session and the wait for the router's other calls
    /// come first. Null where nothing was sent.
    /// </summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>The <c>code</c> of the REST contract for this failure.</summary>
    public string Code =>
        Kind switch
        {
            CommandsFailureKind.RouterUnreachable => "router_unreachable",
            CommandsFailureKind.Unavailable => "commands_server_unavailable",
            CommandsFailureKind.RouterBusy => "router_busy",
            CommandsFailureKind.CommandTimeout => "command_timeout",
            CommandsFailureKind.NotSupported => "not_supported",
            CommandsFailureKind.CommandFailed => "command_failed",
            CommandsFailureKind.SessionEnded => "unauthorized",
            CommandsFailureKind.RouterGone => "router_not_found",
            _ => "commands_server_protocol_error",
        };
}

/// <summary>The rows of the REST contract's table "Downstream failures".</summary>
public enum CommandsFailureKind
{
    /// <summary>The router or its tunnel is not there.</summary>
    RouterUnreachable,

    /// <summary>The command outran its time, here or there.</summary>
    CommandTimeout,

    /// <summary>The dialect lacks the operation.</summary>
    NotSupported,

    /// <summary>The answer was none that the contract knows.</summary>
    ProtocolError,

    /// <summary>The Commands-Server refused or failed the command.</summary>
    CommandFailed,

    /// <summary>The Commands-Server cannot be reached, or the circuit is open.</summary>
    Unavailable,

    /// <summary>The session has ended in NetPilot, so it was not started again.</summary>
    SessionEnded,

    /// <summary>Too many calls for this router are under way: this one was not sent.</summary>
    RouterBusy,

    /// <summary>The router is no longer the user's: the call was not sent.</summary>
    RouterGone,
}

/// <summary>What a call's outcome says of its router.</summary>
public enum RouterSighting
{
    /// <summary>Nothing: the call did not get as far as the router.</summary>
    None,

    /// <summary>The router carried something out, be it in vain.</summary>
    Present,

    /// <summary>The router should have answered and did not, as far as can be told: it may be down, hang, or refuse its password.</summary>
    Doubtful,

    /// <summary>The router or its tunnel is not there.</summary>
    Absent,
}

/// <summary>Whether a failed command can have taken effect.</summary>
public enum CommandEffect
{
    /// <summary>The command surely did not take effect.</summary>
    NotDone,

    /// <summary>The command may have taken effect: ask the router (GET blocked) before anything else.</summary>
    Unknown,
}

/// <summary>A rule that the router holds.</summary>
/// <param name="Address">The device's present address; null while it is away (<c>N/A</c>).</param>
/// <param name="Mac">The device's MAC; null where the Commands-Server lists addresses only.</param>
public sealed record BlockedRule(IPAddress? Address, PhysicalAddress? Mac);

/// <summary>What the router says of its rules.</summary>
/// <param name="Rules">The entries that name a device.</param>
/// <param name="Unreadable">The entries that do not: each is a rule of an unknown device, so that no other rule counts as absent.</param>
public sealed record BlockedReport(IReadOnlyList<BlockedRule> Rules, IReadOnlyList<UnreadableRule> Unreadable)
{
    /// <summary>Whether every entry was read: only then does a rule that is not listed count as absent.</summary>
    public bool IsComplete => Unreadable.Count == 0;

    /// <summary>Whether the router holds no rule at all.</summary>
    public bool IsEmpty => Rules.Count == 0 && IsComplete;
}

/// <summary>An entry of the router's rules that names no device.</summary>
/// <param name="Address">Its address as it came, cleaned and cut at 255; null if absent.</param>
/// <param name="Mac">Its MAC as it came, cleaned and cut at 255; null if absent.</param>
public sealed record UnreadableRule(string? Address, string? Mac);

/// <summary>What the acknowledgement of a block says.</summary>
/// <param name="Mac">The MAC that the router resolved the address to, and that its rule sticks to; null where the answer does not name one.</param>
/// <param name="IsAmbiguous">
/// Whether the answer names something else than one device: several MACs, or a word that is none. Such a rule can't be confirmed.
/// </param>
/// <param name="IsOfSeveral">
/// Whether the answer names several, be it one MAC twice: the rule is for all of them. No list shows it, and no unblock removes it.
/// </param>
public sealed record BlockReceipt(PhysicalAddress? Mac, bool IsAmbiguous = false, bool IsOfSeveral = false);

/// <summary>What a scan found.</summary>
/// <param name="Devices">The records that could be read.</param>
/// <param name="Skipped">The records that could not, with the reason.</param>
public sealed record ScanReport(IReadOnlyList<ScannedDevice> Devices, IReadOnlyList<SkippedDevice> Skipped);

/// <summary>A device that a scan found. At least one of address and MAC is there.</summary>
/// <param name="Address">The device's IPv4 address.</param>
/// <param name="Mac">The device's MAC, if the record had one.</param>
/// <param name="Hostname">The device's own name; null for <c>Unknown</c>, <c>*</c> and the like.</param>
/// <param name="Vendor">The maker; null for <c>Unknown</c>, <c>Unknown Vendor</c>, <c>*</c> and the like.</param>
public sealed record ScannedDevice(IPAddress Address, PhysicalAddress? Mac, string? Hostname, string? Vendor);

/// <summary>A record of a scan that could not be used.</summary>
/// <param name="Address">Its address as it came, cleaned and cut at 255; null if absent.</param>
/// <param name="Mac">Its MAC, in lower case with colons; what is none as it came, cleaned and cut at 255; null if absent.</param>
/// <param name="Reason">Why it was skipped.</param>
public sealed record SkippedDevice(string? Address, string? Mac, string Reason);

/// <summary>What a speed test measured.</summary>
/// <param name="DownloadMbps">Mbit/s towards the router.</param>
/// <param name="UploadMbps">Mbit/s from the router.</param>
/// <param name="PingMs">Round trip in milliseconds.</param>
public sealed record SpeedTestReport(double DownloadMbps, double UploadMbps, double PingMs);

/// <summary>The state of the Wi-Fi.</summary>
/// <param name="Enabled">Whether it is on.</param>
/// <param name="Ssid">Its name, cleaned and cut at 255; null if the router did not say.</param>
/// <param name="Encryption">Its encryption, cleaned and cut at 255; null if the router did not say.</param>
public sealed record WifiReport(bool Enabled, string? Ssid, string? Encryption);
