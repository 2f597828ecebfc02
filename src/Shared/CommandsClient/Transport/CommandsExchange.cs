using System.Runtime.ExceptionServices;

namespace NetPilot.CommandsClient.Transport;

/// <summary>
/// One passage of a call through the HTTP pipeline. It travels with the request, so that the strategies can see what kind of call they
/// carry, and brings back what came of it.
/// </summary>
internal sealed class CommandsExchange(CommandsCall call, string? router, string? share, Budget budget)
{
    private const int Waiting = 0;
    private const int Sent = 1;
    private const int GivenUp = 2;

    private static readonly HttpRequestOptionsKey<CommandsExchange> Key = new("netpilot.commands.exchange");

    private readonly TimeSpan _atFirst = budget.Remaining;
    private int _state = Waiting;

    public CommandsOperation Operation => call.Operation;

    /// <summary>The router that the call names; null where it names none.</summary>
    public string? Router { get; } = router;

    /// <summary>Whose share of calls this one counts for; null for a call that no router can hold up.</summary>
    public string? Share { get; } = share;

    public CallOutcome? Outcome { get; set; }

    public DateTimeOffset Now => budget.Now;

    /// <summary>Whether other calls for the router came first.</summary>
    public bool WaitedForShare { get; set; }

    /// <summary>
    /// Whether there is time for an answer. What waited for its share nearly to the end is better not sent: when the calls before it have
    /// just timed out, it would time out as well, and leave the Commands-Server one more hung command and us an unknown outcome.
    /// </summary>
    public bool IsWorthSending => !WaitedForShare || budget.Remaining > _atFirst / 10;

    /// <summary>Whether the call's time is over. The timer that ends the call can be later than the thread that sends it, after a pause of the process.</summary>
    public bool IsOver => budget.Remaining <= TimeSpan.Zero;

    /// <summary>Why it could not be asked whether the call may still be sent; nothing was sent then.</summary>
    public ExceptionDispatchInfo? Unasked { get; private set; }

    /// <summary>Null: the call may be sent. Where nothing was waited for since it was made, that is not asked again.</summary>
    public async Task<CommandsFailure?> FindObjectionAsync(CancellationToken cancellationToken)
    {
        var isRepeated = Outcome is not null;
        if (call.Objection is not { } ask || !(call.IsLate || WaitedForShare || isRepeated))
        {
            return null;
        }

        try
        {
            return await ask(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Thrown here, it would come out as an exception of Flurl's, which names the whole address.
            Unasked = ExceptionDispatchInfo.Capture(e);
            return FailureMap.NotAsked;
        }
    }

    public static CommandsExchange Of(HttpRequestMessage? request) =>
        request is not null && request.Options.TryGetValue(Key, out var exchange)
            ? exchange
            : throw new InvalidOperationException("Requests to the Commands-Server are made by CommandsTransport only.");

    public void Accompany(HttpRequestMessage request) => request.Options.Set(Key, this);

    /// <summary>Takes the step that cannot be taken back: from here on the caller's cancellation no longer ends the call. False when the caller gave up just before.</summary>
    public bool TrySend() => Interlocked.CompareExchange(ref _state, Sent, Waiting) != GivenUp;

    /// <summary>Gives the call up, unless it was sent.</summary>
    public bool TryGiveUp() => Interlocked.CompareExchange(ref _state, GivenUp, Waiting) != Sent;
}
