namespace NetPilot.CommandsClient.Transport;

/// <summary>What came of one call, before it is judged: the rows of the contract's table speak of these.</summary>
internal abstract record CallOutcome
{
    private CallOutcome() { }

    /// <summary>When the call was sent; null where it was not.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>Whether the Commands-Server failed rather than answered: what the circuits count.</summary>
    public virtual bool IsFault => false;

    /// <summary>Whether the Commands-Server was there and answered.</summary>
    public virtual bool IsAnswered => false;

    /// <summary>Whether the same call may be made again: always when nothing was sent, else only for a read.</summary>
    public virtual bool MayBeRepeated(bool isRead) => isRead && IsFault;

    /// <summary>The envelope of the contract, whatever it says.</summary>
    public sealed record Envelope(int Status, bool Success, JsonElement Data, string? Code, string? Message) : CallOutcome
    {
        public override bool IsAnswered => true;

        public bool IsSessionInvalid => !Success && Status == 401 && Code == "SESSION_INVALID";

        public bool IsSessionAlreadyActive => !Success && Code == "SESSION_ALREADY_ACTIVE";
    }

    /// <summary>An answer that is no envelope: a page, nothing, half of something, too much.</summary>
    public sealed record NoEnvelope(int Status, string Reason) : CallOutcome
    {
        public override bool IsFault => Status >= 500;

        public override bool IsAnswered => Status is > 0 and < 500;
    }

    /// <summary>No connection came about, so nothing was sent.</summary>
    public sealed record NotSent(bool Refused) : CallOutcome
    {
        public override bool IsFault => true;

        // A refusal costs nothing and may be the moment of a restart; what took a connect timeout to find out is not tried twice.
        public override bool MayBeRepeated(bool isRead) => Refused;
    }

    /// <summary>The connection broke after sending.</summary>
    public sealed record Broken : CallOutcome
    {
        public override bool IsFault => true;
    }

    /// <summary>No whole answer within the time.</summary>
    public sealed record TimedOut(bool Sent) : CallOutcome;

    /// <summary>The circuit to the Commands-Server, or the router's own, is open: nothing was sent.</summary>
    public sealed record CircuitOpen(TimeSpan RetryAfter, bool OfRouter) : CallOutcome;

    /// <summary>The router's share of calls under way is used up: nothing was sent.</summary>
    public sealed record Busy : CallOutcome;

    /// <summary>The call was no longer allowed when it could have been sent: nothing was.</summary>
    public sealed record Withheld(CommandsFailure Objection) : CallOutcome;
}
