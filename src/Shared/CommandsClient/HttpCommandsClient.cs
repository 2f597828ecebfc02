using NetPilot.CommandsClient.Sessions;

namespace NetPilot.CommandsClient;

/// <summary>The contract's calls, each as what is sent and how its data is read.</summary>
internal sealed class HttpCommandsClient(
    CommandsTransport transport,
    SessionStarter starter,
    SessionMender mender,
    StartedSessions started,
    CommandsTelemetry telemetry,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
) : ICommandsClient
{
    private readonly CommandsServerOptions _options = options.Value;

    public Task<CommandsResult<Unit>> StartSessionAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return starter.StartAsync(commandsSessionId, routerId);
    }

    public async Task<CommandsResult<Unit>> EndSessionAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken)
    {
        var call = new CommandsCall(CommandsOperation.EndSession, commandsSessionId, routerId);
        var result = await SessionCallAsync(
            call,
            answer =>
                answer is CallOutcome.Envelope { IsSessionInvalid: true } or CallOutcome.Envelope { Success: false, Status: 404 }
                    ? null
                    : Judge(call, answer),
            cancellationToken
        );
        if (result.IsSuccess)
        {
            started.Forget(commandsSessionId);
        }

        return result;
    }

    public Task<CommandsResult<Unit>> RefreshSessionAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken)
    {
        var call = new CommandsCall(CommandsOperation.RefreshSession, commandsSessionId, routerId);
        return SessionCallAsync(
            call,
            answer =>
                answer
                    is CallOutcome.Envelope { IsSessionInvalid: true }
                        or CallOutcome.Envelope { Success: false, Code: "SESSION_NOT_FOUND" }
                    ? FailureMap.SessionEnded
                    : Judge(call, answer),
            cancellationToken
        );
    }

    public async Task<CommandsResult<BlockedReport>> ListBlockedAsync(CommandsTarget target, CancellationToken cancellationToken)
    {
        var call = Call(CommandsOperation.ListBlocked, target);
        var result = await CommandAsync(call, DataReaders.Blocked, cancellationToken);
        telemetry.CountUnreadable(call, result.Data?.Unreadable.Count ?? 0);
        return result;
    }

    public Task<CommandsResult<BlockReceipt>> BlockAsync(CommandsTarget target, IPAddress address, CancellationToken cancellationToken) =>
        CommandAsync(Call(CommandsOperation.Block, target, address), DataReaders.Block, cancellationToken);

    public Task<CommandsResult<Unit>> UnblockAsync(CommandsTarget target, IPAddress address, CancellationToken cancellationToken) =>
        CommandAsync(Call(CommandsOperation.Unblock, target, address), cancellationToken);

    public Task<CommandsResult<Unit>> ResetAsync(CommandsTarget target, CancellationToken cancellationToken) =>
        CommandAsync(Call(CommandsOperation.Reset, target), cancellationToken);

    public Task<CommandsResult<ScanReport>> ScanAsync(CommandsTarget target, CancellationToken cancellationToken) =>
        CommandAsync(Call(CommandsOperation.Scan, target), DataReaders.Scan, cancellationToken);

    public Task<CommandsResult<SpeedTestReport>> SpeedTestAsync(CommandsTarget target, CancellationToken cancellationToken) =>
        CommandAsync(Call(CommandsOperation.SpeedTest, target), DataReaders.SpeedTest, cancellationToken);

    public Task<CommandsResult<WifiReport>> GetWifiAsync(CommandsTarget target, CancellationToken cancellationToken) =>
        CommandAsync(Call(CommandsOperation.WifiStatus, target), DataReaders.Wifi, cancellationToken);

    public Task<CommandsResult<Unit>> EnableWifiAsync(CommandsTarget target, CancellationToken cancellationToken) =>
        CommandAsync(Call(CommandsOperation.WifiEnable, target), cancellationToken);

    public Task<CommandsResult<Unit>> DisableWifiAsync(CommandsTarget target, CancellationToken cancellationToken) =>
        CommandAsync(Call(CommandsOperation.WifiDisable, target), cancellationToken);

    public Task<CommandsResult<Unit>> SetWifiPasswordAsync(CommandsTarget target, string password, CancellationToken cancellationToken) =>
        CommandAsync(
            Call(CommandsOperation.WifiPassword, target) with
            {
                Field = new("password", password),
                Secret = password,
            },
            cancellationToken
        );

    public Task<CommandsResult<Unit>> SetWifiNameAsync(CommandsTarget target, string ssid, CancellationToken cancellationToken) =>
        CommandAsync(Call(CommandsOperation.WifiSsid, target) with { Field = new("ssid", ssid) }, cancellationToken);

    public Task<CommandsResult<BlockedReport>> GetListAsync(CommandsTarget target, RouterList list, CancellationToken cancellationToken) =>
        CommandAsync(
            Call(Of(list, CommandsOperation.Whitelist, CommandsOperation.Blacklist), target),
            DataReaders.Addresses,
            cancellationToken
        );

    public Task<CommandsResult<Unit>> AddToListAsync(
        CommandsTarget target,
        RouterList list,
        IPAddress address,
        CancellationToken cancellationToken
    ) => CommandAsync(Call(Of(list, CommandsOperation.WhitelistAdd, CommandsOperation.BlacklistAdd), target, address), cancellationToken);

    public Task<CommandsResult<Unit>> RemoveFromListAsync(
        CommandsTarget target,
        RouterList list,
        IPAddress address,
        CancellationToken cancellationToken
    ) =>
        CommandAsync(
            Call(Of(list, CommandsOperation.WhitelistRemove, CommandsOperation.BlacklistRemove), target, address),
            cancellationToken
        );

    private static CommandsCall Call(CommandsOperation operation, CommandsTarget target, IPAddress? address = null) =>
        new(operation, target.CommandsSessionId, target.RouterId)
        {
            Address = address,
            Deadline = target.Deadline,
            TimeLeft = target.TimeLeft,
            Objection = target.Objection,
        };

    private static CommandsOperation Of(RouterList list, CommandsOperation whitelist, CommandsOperation blacklist) =>
        list is RouterList.Whitelist ? whitelist : blacklist;

    private Task<CommandsResult<Unit>> CommandAsync(CommandsCall call, CancellationToken cancellationToken) =>
        CommandAsync(call, DataReaders.Anything, cancellationToken);

    private Task<CommandsResult<T>> CommandAsync<T>(CommandsCall call, Func<JsonElement, T?> read, CancellationToken cancellationToken) =>
        telemetry.ObserveAsync(
            call,
            async () =>
            {
                if (!transport.Supports(call.Operation))
                {
                    return CommandsResult<T>.Failed(FailureMap.NotSupported);
                }

                using var budget = BudgetOf(call);
                var (answer, unmended) = await SendMendedAsync(call, budget, cancellationToken);
                if (answer is null)
                {
                    return CommandsResult<T>.Failed(unmended!);
                }

                return Judge(call, answer) is { } failure ? CommandsResult<T>.Failed(failure with { SentAt = answer.SentAt })
                    : answer is CallOutcome.Envelope success && read(success.Data) is { } data ? CommandsResult<T>.Success(data)
                    : CommandsResult<T>.Failed(FailureMap.WrongShape with { SentAt = answer.SentAt });
            }
        );

    /// <summary>Sends the command; where the Commands-Server lost its session, once more after mending that. Without an answer, why it could not be mended.</summary>
    private async Task<(CallOutcome? Outcome, CommandsFailure? Unmended)> SendMendedAsync(
        CommandsCall call,
        Budget budget,
        CancellationToken cancellationToken
    )
    {
        var sessionId = call.SessionId!.Value;
        var sentAt = time.GetTimestamp();
        if (_options.Dialect is CommandsDialect.Deployed && started.IsDoubtful(sessionId))
        {
            // What a failed start left there takes commands and fails them all, without ever saying that the session is invalid.
            cancellationToken.ThrowIfCancellationRequested();
            if (await mender.MendAsync(call, sentAt, budget) is { } unusable)
            {
                return (null, unusable);
            }

            sentAt = time.GetTimestamp();
            call = call with { IsLate = true };
        }

        var answer = await transport.SendAsync(call, budget, cancellationToken);
        if (answer is not CallOutcome.Envelope { IsSessionInvalid: true })
        {
            await mender.LearnAsync(sessionId, answer, budget);
            return (answer, null);
        }

        if (await mender.MendAsync(call, sentAt, budget) is { } unmended)
        {
            return (null, unmended);
        }

        // The command is on its way, whether its caller still waits or not.
        answer = await transport.SendAsync(call with { IsLate = true }, budget, CancellationToken.None);
        if (answer is CallOutcome.Envelope { IsSessionInvalid: true })
        {
            started.Doubt(sessionId);
        }

        return (answer, null);
    }

    private Task<CommandsResult<Unit>> SessionCallAsync(
        CommandsCall call,
        Func<CallOutcome, CommandsFailure?> judge,
        CancellationToken cancellationToken
    ) =>
        telemetry.ObserveAsync(
            call,
            async () =>
            {
                using var budget = BudgetOf(call);
                return judge(await transport.SendAsync(call, budget, cancellationToken)) is { } failure
                    ? CommandsResult<Unit>.Failed(failure)
                    : CommandsResult<Unit>.Success(default);
            }
        );

    private CommandsFailure? Judge(CommandsCall call, CallOutcome answer) => FailureMap.Judge(answer, call, _options);

    private Budget BudgetOf(CommandsCall call)
    {
        TimeSpan?[] limits = [_options.Timeouts.TimeoutOf(call.Operation), call.Deadline, call.TimeLeft?.Invoke()];
        return new Budget(limits.OfType<TimeSpan>().Min(), time);
    }
}
