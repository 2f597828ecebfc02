namespace NetPilot.CommandsClient.Transport;

/// <summary>One call as the caller means it; the dialect decides what of it is sent.</summary>
internal sealed record CommandsCall(CommandsOperation Operation, Guid? SessionId, string? RouterId)
{
    /// <summary>The device that the call is about.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>A field that only this operation has: the Wi-Fi's name or password.</summary>
    public KeyValuePair<string, string>? Field { get; init; }

    /// <summary>A limit that is shorter than the operation's own.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Another limit, which is asked for as the operation begins.</summary>
    public Func<TimeSpan>? TimeLeft { get; init; }

    /// <summary>Asks whether the call may still be sent, where time went by since it was made.</summary>
    public Func<CancellationToken, Task<CommandsFailure?>>? Objection { get; init; }

    /// <summary>Whether time went by before it came to this passage.</summary>
    public bool IsLate { get; init; }

    /// <summary>What must never come back in a message.</summary>
    public string? Secret { get; init; }

    /// <summary>The router that the request names: the plan's session calls name none.</summary>
    public string? NamedRouter(CommandsDialect dialect) =>
        dialect is CommandsDialect.Deployed || !Operation.IsSessionCall() ? RouterId : null;

    public IReadOnlyDictionary<string, string> Parameters(CommandsDialect dialect)
    {
        var parameters = new Dictionary<string, string>();
        if (SessionId is { } sessionId)
        {
            parameters["sessionId"] = sessionId.ToString();
        }

        if (NamedRouter(dialect) is { } routerId)
        {
            parameters["routerId"] = routerId;
        }

        if (Address is not null)
        {
            parameters["ip"] = Address.ToString();
        }

        if (Field is { } field)
        {
            parameters[field.Key] = field.Value;
        }

        return parameters;
    }

    /// <summary>Names the operation and the router alone: the rest may be secret.</summary>
    public override string ToString() => $"{Operation} on router {RouterId}";
}
