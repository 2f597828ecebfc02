using System.Diagnostics;
using NetPilot.DevStack.Simulator;

namespace NetPilot.Chaos.Tests;

/// <summary>Compares what users were told, what the database says, and what the routers hold.</summary>
internal sealed class ChaosVerdict(ChaosStack stack, ChaosLoad load)
{
    private static readonly (string Kind, string Table)[] Kinds =
    [
        ("block", "user_blacklists"),
        ("blacklist", "user_limited_devices"),
        ("whitelist", "user_whitelists"),
    ];

    // What never agrees stays so however long one waits; a busy machine needs several times a lease, a claim, two settle intervals and the open circuit.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    /// <summary>Looks until all agree. Rows that wait for their next attempt (10 s and more) are asked for by a sync, or waited for.</summary>
    public async Task<(IReadOnlyList<string> Wrong, TimeSpan Took)> AwaitAsync()
    {
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(400));
        var random = new Random(1);
        for (var look = 0; ; look++)
        {
            var wrong = await DisagreementsAsync();
            var took = Stopwatch.GetElapsedTime(started);
            if (wrong.Count == 0 || took > Patience + await LongestWaitAsync())
            {
                return (wrong, took);
            }

            if (look % 5 == 4)
            {
                foreach (var row in await stack.QueryAsync(WaitingSql("user_blacklists")))
                {
                    var router = load.Routers.Single(router => router.RouterId == (string)row["router_id"]!);
                    await stack.SendAsync(random, HttpMethod.Post, $"routers/{router.RouterId}/blocked/sync", router.Owner.Token);
                }
            }

            await timer.WaitForNextTickAsync();
        }
    }

    public async Task<List<string>> DisagreementsAsync()
    {
        var wrong = new List<string>();
        wrong.AddRange(load.Broken.Distinct().Take(5));
        foreach (var (kind, table) in Kinds)
        {
            var rows = await stack.QueryAsync(
                $"""
                SELECT router_id, host(device_ip) AS ip, device_mac::text AS mac, state, code, maybe_sent, settle_at, expires_at
                FROM blacklist.{table} WHERE state IN ('applying', 'blocked', 'lifting')
                """
            );
            foreach (var router in load.Routers)
            {
                var person = router.Person is null ? null : await PersonAsync(router);
                wrong.AddRange(Compare(router, kind, [.. rows.Where(row => (string)row["router_id"]! == router.RouterId)], person));
                wrong.AddRange(person?.Lost ?? []);
            }

            foreach (
                var row in await stack.QueryAsync(
                    $"""
                    SELECT counter.user_id, counter.live, (SELECT count(*) FROM blacklist.{table} rule
                        WHERE rule.user_id = counter.user_id AND rule.state IN ('applying', 'blocked', 'lifting')
                          AND rule.replaced_by IS NULL) AS counted
                    FROM blacklist.rule_counts counter WHERE counter.kind = '{kind}'
                    """
                )
            )
            {
                if ((int)row["live"]! != (long)row["counted"]!)
                {
                    wrong.Add($"the tier's counter of {kind} says {row["live"]}, but {row["counted"]} rows are live");
                }
            }
        }

        wrong.AddRange(await SessionFaultsAsync());
        return wrong;
    }

    private IEnumerable<string> Compare(
        ChaosRouter router,
        string kind,
        IReadOnlyList<Dictionary<string, object?>> rows,
        PersonWord? person
    )
    {
        var home = stack.Commands.Router(router.RouterId);
        if (home.MaxConcurrentChanges > 1)
        {
            yield return $"{router.RouterId}: {home.MaxConcurrentChanges} changes at once";
        }

        var held = kind switch
        {
            "block" => home.Rules.Select(mac => home.Devices.Single(device => device.Mac == mac).Ip).ToArray(),
            "blacklist" => [.. home.Blacklist],
            _ => [.. home.Whitelist],
        };
        foreach (var ip in router.Addresses.Concat(router.Person?.Addresses ?? []))
        {
            var live = rows.Where(row => (string)row["ip"]! == ip).ToArray();
            var rules = held.Count(address => address == ip);
            var states = string.Join(
                ", ",
                live.Select(row => $"{row["state"]} {row["code"]} sent {row["maybe_sent"]} due {row["settle_at"]:mm:ss.fff}")
            );
            var agree = (live.Length, rules) switch
            {
                (0, 0) => true,
                (1, 1) => (string)live[0]["state"]! == "blocked",
                _ => false,
            };
            var because = $"{person}";
            var wanted =
                router.Person?.Addresses.Contains(ip) != true ? LastWord(router.RouterId, kind, ip, out because)
                : kind == "block" ? person?.IsHeld
                : null;
            if (!agree || (wanted is { } present && present != (rules == 1)))
            {
                yield return $"""
                    {router.RouterId} {kind} {ip}: {rules} rules, rows [{states}], users were told {wanted} by [{because}]
                        told: {string.Join("\n              ", History(router.RouterId, kind, ip).TakeLast(6))}
                        sent: {string.Join("\n              ", Calls(router.RouterId, kind, ip).TakeLast(8))}
                    """;
            }
        }
    }

    /// <summary>Whether users may count on a rule, or on its absence; null where the last word on it was no acknowledgement.</summary>
    private bool? LastWord(string routerId, string kind, string ip, out string because)
    {
        var history = History(routerId, kind, ip).ToArray();
        var last = history.Where(told => told.Action != "reset").ToArray();
        // Copies that were sent at once say the same, or nothing.
        var latest = last.Length == 0 ? [] : last.Where(told => told.Ended >= last.Max(other => other.Began)).ToArray();
        var began = latest.Length == 0 ? DateTimeOffset.MinValue : latest.Min(told => told.Began);
        var resets = history.Where(told => told.Action == "reset" && told.Ended >= began).ToArray();
        because = string.Join("; ", latest.Concat(resets).Select(told => $"{told}"));
        if (resets.Length > 0)
        {
            return resets.All(reset => reset.Answer?.Status == 200 && latest.All(told => told.Ended < reset.Began)) ? false : null;
        }

        var words = latest.Select(Word).Distinct().ToArray();
        return words.Length == 1 ? words[0] : null;
    }

    /// <summary>What the person's devices are to be now, by what is stored, and what of it is not what users were told.</summary>
    private async Task<PersonWord> PersonAsync(ChaosRouter router)
    {
        var row = (
            await stack.QueryAsync(
                $"""
                SELECT person.paused_since IS NOT NULL AS is_paused, COALESCE(person.paused_until > now(), true) AS pause_lasts,
                    COALESCE(person.allowed_until > now(), false) AS is_allowed, schedule.enabled
                FROM people.people AS person JOIN people.schedules AS schedule ON schedule.person_id = person.id
                WHERE person.id = '{router.Person!.Id}'
                """
            )
        ).Single();
        var (isPaused, isEnabled) = ((bool)row["is_paused"]! && (bool)row["pause_lasts"]!, (bool)row["enabled"]!);
        var isHeld = isPaused || (isEnabled && !(bool)row["is_allowed"]!);
        var history = load
            .Told.Where(told => told.RouterId == router.RouterId && told.Kind == "person")
            .OrderBy(told => told.Began)
            .ToArray();
        var lost = new List<string>();
        // A pause for a while may be over, even before it is answered.
        if (
            LastOf("pause", "pause for a while", "resume") is { Answer.Status: 200 or 202 } pause
            && (pause.Action == "resume" ? isPaused : pause.Action == "pause" && !isPaused)
        )
        {
            lost.Add($"{router.RouterId}: paused is {isPaused} after {pause}");
        }

        if (LastOf("enable", "disable") is { Answer.Status: 200 } change && change.Action == "enable" != isEnabled)
        {
            lost.Add($"{router.RouterId}: the schedule is enabled: {isEnabled} after {change}");
        }

        return new PersonWord(isHeld, lost);

        Told? LastOf(params string[] actions) => history.LastOrDefault(told => actions.Contains(told.Action));
    }

    private sealed record PersonWord(bool IsHeld, IReadOnlyList<string> Lost);

    private static bool? Word(Told told) =>
        (told.Action, told.Answer?.Status) switch
        {
            ("block", 200 or 201) when told.Kind == "block" => told.Answer!.Text("state") switch
            {
                "blocked" => told.Answer.Text("expiresAt") is null,
                "lifted" => false,
                _ => null,
            },
            ("block", 202) => told.Answer!.Text("state") is "applying" or "blocked" ? told.Answer.Text("expiresAt") is null : null,
            ("block", 200 or 201) => true,
            ("unblock", 200 or 202 or 204 or 404) => false,
            _ => null,
        };

    private IEnumerable<Told> History(string routerId, string kind, string ip) =>
        load
            .Told.Where(told => told.RouterId == routerId && ((told.Kind == kind && told.Ip == ip) || told.Action == "reset"))
            .OrderBy(told => told.Began);

    private IEnumerable<string> Calls(string routerId, string kind, string ip) =>
        stack
            .Commands.CallsTo(routerId)
            .Where(call =>
                kind == "block"
                    ? call.Operation is SimulatorOperation.Block or SimulatorOperation.Unblock && call.Ip == ip
                    : call.Ip == ip && $"{call.Operation}".StartsWith(kind, StringComparison.OrdinalIgnoreCase)
            )
            .Select(call => $"{call.StartedAt:mm:ss.fff}-{call.FinishedAt:mm:ss.fff} {call} {call.Fault}");

    private async Task<IEnumerable<string>> SessionFaultsAsync()
    {
        var sessions = (await stack.QueryAsync("SELECT commands_session_id, user_id, ended_at FROM identity.sessions")).ToDictionary(row =>
            row["commands_session_id"]!.ToString()!
        );
        var owners = load.Routers.ToDictionary(router => router.RouterId, router => router.Owner.Id);
        var strange = stack
            .Commands.Calls.Where(call => call.Operation is not SimulatorOperation.Health)
            .Where(call =>
                call.SessionId is null
                || !sessions.TryGetValue(call.SessionId, out var session)
                || (call.RouterId is not null && session["user_id"] is Guid user && owners[call.RouterId] != user)
            )
            .Select(call => $"a call with a session that is not the owner's: {call}");
        var left = stack
            .Commands.Sessions.Where(live => sessions.TryGetValue(live.SessionId, out var session) && session["ended_at"] is not null)
            .Select(live =>
                $"a session that ended at {sessions[live.SessionId]["ended_at"]:mm:ss.fff} lives on, since {live.StartedAt:mm:ss.fff}"
            );
        return strange.Take(3).Concat(left.Take(3));
    }

    private async Task<TimeSpan> LongestWaitAsync()
    {
        var longest = TimeSpan.Zero;
        foreach (var (_, table) in Kinds.Where(kind => kind.Kind != "block"))
        {
            foreach (var row in await stack.QueryAsync(WaitingSql(table)))
            {
                longest = TimeSpan.FromSeconds(22);
            }
        }

        return longest;
    }

    private static string WaitingSql(string table) =>
        $"SELECT DISTINCT router_id FROM blacklist.{table} WHERE state IN ('applying', 'lifting') AND NOT maybe_sent";
}
