using System.Net;
using System.Net.NetworkInformation;
using NetPilot.Blacklist.Data;
using NetPilot.Persistence;
using Npgsql;
using NpgsqlTypes;

namespace NetPilot.Blacklist.Rules;

/// <summary>What a user wants the router to hold.</summary>
internal sealed record RuleIntent(
    Guid Id,
    Guid UserId,
    string RouterId,
    IPAddress Ip,
    PhysicalAddress? Mac,
    string? Note,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset CreatedAt,
    DateTimeOffset SettleAt,
    DateTimeOffset? GiveUpAt,
    DateTimeOffset FirstCheckAt
);

/// <summary>A row, and whether this statement made or changed it.</summary>
internal sealed record FoundRule(Rule Rule, bool Changed);

/// <summary>A router whose rows are to be looked at.</summary>
internal sealed record DueRules(Guid UserId, string RouterId, IReadOnlyList<Guid> Ids, DateTimeOffset ClaimedUntil);

/// <summary>The statements behind the state machine. Every outcome names the state that it expects and the turn it was made in.</summary>
internal sealed class RuleStore(NpgsqlDataSource database)
{
    private const int MostAliases = 8;

    /// <summary>
    /// The live row of the same device, or a new one where the tier has room. Null when it has not. The user's counter row makes the limit
    /// exact however many ask at once; its lock is taken before any row's, here and in <see cref="SaveAsync"/>.
    /// </summary>
    public async Task<FoundRule?> IntendAsync(RuleKind kind, RuleIntent intent, int limit, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                // At the limit, the row of the same device may have been made by a statement that this one waited for: look once more.
                return await DatabaseRetry.RunAsync(
                    async token => await TryIntendAsync(kind, intent, limit, token) ?? await TryIntendAsync(kind, intent, limit, token),
                    cancellationToken
                );
            }
            catch (PostgresException exception) when (attempt < 3 && exception.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                // Somebody made the row of the same device at the same moment: find it.
            }
        }
    }

    /// <summary>The live row that an address means, moved from blocked to lifting if that is what it is. Null if there is none.</summary>
    public async Task<FoundRule?> BeginLiftAsync(
        RuleKind kind,
        Guid userId,
        string routerId,
        IPAddress ip,
        PhysicalAddress? mac,
        DateTimeOffset settleAt,
        DateTimeOffset? giveUpAt,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"""
            WITH found AS (
                SELECT id FROM blacklist.{kind.Table}
                WHERE user_id = $1 AND router_id = $2 AND {RuleStates.LiveSql}
                  AND (device_mac = $4 OR device_ip = $3 OR ($4::macaddr IS NULL AND $3 = ANY(device_aliases)))
                ORDER BY (device_mac IS NOT DISTINCT FROM $4) DESC, (device_ip = $3) DESC, created_at DESC LIMIT 1
            ), begun AS (
                UPDATE blacklist.{kind.Table}
                SET state = 'lifting', maybe_sent = true, settle_at = $5, give_up_at = $6, attempts = 0,
                    code = CASE WHEN code = '{RuleCodes.Unconfirmed}' THEN code END,
                    code_detail = CASE WHEN code = '{RuleCodes.Unconfirmed}' THEN code_detail END
                WHERE id = (SELECT id FROM found) AND state = 'blocked'
                RETURNING {Columns(kind)}
            )
            SELECT true, {Columns(kind)} FROM begun
            UNION ALL
            SELECT false, {Columns(kind)} FROM blacklist.{kind.Table}
            WHERE id = (SELECT id FROM found) AND NOT EXISTS (SELECT 1 FROM begun)
            """,
            userId,
            routerId,
            ip,
            mac,
            settleAt,
            giveUpAt
        );
        var rows = await ReadFoundAsync(command, cancellationToken);
        return rows.Count == 0 ? null : rows[0];
    }

    /// <summary>
    /// Writes a change if the row is still what it was and no later turn has written it. The row as it is then; null if it is not so. A change
    /// that is not what the row is for is written only if the row goes on by itself, or does not, as it did when that was decided. Fails with a
    /// unique violation where the change names a device that another live row of the router stands for.
    /// </summary>
    public async Task<Rule?> SaveAsync(RuleKind kind, Rule rule, RuleChange change, long fence, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            $"""
            WITH counter AS MATERIALIZED (
                SELECT live FROM blacklist.rule_counts WHERE user_id = $2 AND kind = $3 AND $4 FOR UPDATE
            ), saved AS (
                UPDATE blacklist.{kind.Table}
                SET state = $5, code = $6, code_detail = $7, maybe_sent = $8, settle_at = $9, give_up_at = $10, attempts = $11,
                    applied_at = $12, lifted_at = $13, fence = $14,
                    device_ip = COALESCE($18, device_ip), device_mac = COALESCE($19, device_mac), mac_confirmed = mac_confirmed OR $20,
                    clearing_fence = CASE WHEN $21 THEN clearing_fence END
                WHERE id = $1 AND state = $15 AND fence <= $14 AND ($16 OR give_up_at IS NOT DISTINCT FROM $17)
                  AND (SELECT count(*) FROM counter) >= 0
                  -- What was decided for a reset does not hold for a row that was wanted again since.
                  AND ($22::bigint IS NULL OR clearing_fence = $22)
                RETURNING {Columns(kind)}
            ), freed AS (
                UPDATE blacklist.rule_counts SET live = GREATEST(0, live - 1)
                WHERE user_id = $2 AND kind = $3 AND $4 AND EXISTS (SELECT 1 FROM saved)
            )
            SELECT true, {Columns(kind)} FROM saved
            """,
            rule.Id,
            rule.UserId,
            kind.Name,
            change.IsTerminal,
            SnakeCase.Of(change.State),
            change.Code,
            change.Detail,
            change.MaybeSent,
            change.SettleAt?.ToMicroseconds(),
            change.GiveUpAt?.ToMicroseconds(),
            change.Attempts,
            change.AppliedAt,
            change.LiftedAt,
            fence,
            SnakeCase.Of(rule.State),
            change.Fulfils(rule),
            rule.GiveUpAt?.ToMicroseconds(),
            change.Device?.Ip,
            change.Device?.Mac,
            change.Device?.Confirmed ?? false,
            change.KeepsClearing,
            rule.ClearingFence
        );
        return (await ReadFoundAsync(command, cancellationToken)).SingleOrDefault()?.Rule;
    }

    /// <summary>A row that somebody waits for is to go on by itself from now on. Null if it has moved on, or goes on already.</summary>
    public async Task<Rule?> GoOnAsync(RuleKind kind, Rule rule, DateTimeOffset giveUpAt, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            $"""
            UPDATE blacklist.{kind.Table} SET give_up_at = $3, clearing_fence = NULL
            WHERE id = $1 AND state = $2 AND give_up_at IS NULL
            RETURNING true, {Columns(kind)}
            """,
            rule.Id,
            SnakeCase.Of(rule.State),
            giveUpAt
        );
        return (await ReadFoundAsync(command, cancellationToken)).SingleOrDefault()?.Rule;
    }

    /// <summary>
    /// A row that is under way to one end is wanted at the other one: the router may hold it or not, and is asked when nothing can be on its
    /// way there any more. Null if the row has moved on.
    /// </summary>
    public async Task<Rule?> TurnRoundAsync(
        RuleKind kind,
        Rule rule,
        RuleState to,
        DateTimeOffset now,
        DateTimeOffset giveUpAt,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"""
            UPDATE blacklist.{kind.Table}
            SET state = $3, maybe_sent = true, settle_at = CASE WHEN maybe_sent THEN settle_at ELSE $4 END, give_up_at = $5, attempts = 0,
                code = NULL, code_detail = NULL, clearing_fence = NULL
            WHERE id = $1 AND state = $2
            RETURNING true, {Columns(kind)}
            """,
            rule.Id,
            SnakeCase.Of(rule.State),
            SnakeCase.Of(to),
            now,
            giveUpAt
        );
        return (await ReadFoundAsync(command, cancellationToken)).SingleOrDefault()?.Rule;
    }

    /// <summary>
    /// A rule is wanted again that a reset of unknown outcome may have removed: where it is absent, it is put back. Null if the row has moved on.
    /// </summary>
    public async Task<Rule?> WantAgainAsync(RuleKind kind, Rule rule, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            $"""
            UPDATE blacklist.{kind.Table} SET clearing_fence = NULL WHERE id = $1 AND state = $2
            RETURNING true, {Columns(kind)}
            """,
            rule.Id,
            SnakeCase.Of(rule.State)
        );
        return (await ReadFoundAsync(command, cancellationToken)).SingleOrDefault()?.Rule;
    }

    public async Task<Rule?> FindAsync(RuleKind kind, Guid id, CancellationToken cancellationToken)
    {
        await using var command = database.Command($"SELECT true, {Columns(kind)} FROM blacklist.{kind.Table} WHERE id = $1", id);
        return (await ReadFoundAsync(command, cancellationToken)).SingleOrDefault()?.Rule;
    }

    /// <summary>The user's words and the expiry of a live row: what was left out of the request stays.</summary>
    public async Task<Rule?> DescribeAsync(
        RuleKind kind,
        Guid id,
        bool setNote,
        string? note,
        bool setExpiry,
        DateTimeOffset? expiresAt,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"""
            UPDATE blacklist.{kind.Table}
            SET {kind.NoteColumn} = CASE WHEN $2 THEN $3 ELSE {kind.NoteColumn} END, expires_at = CASE WHEN $4 THEN $5 ELSE expires_at END
            WHERE id = $1 AND state IN ('applying', 'blocked')
            RETURNING true, {Columns(kind)}
            """,
            id,
            setNote,
            note,
            setExpiry,
            expiresAt
        );
        return (await ReadFoundAsync(command, cancellationToken)).SingleOrDefault()?.Rule;
    }

    /// <summary>Rows whose time has come, claimed until <paramref name="claimUntil"/>: a worker that dies leaves them to the next one.</summary>
    public Task<IReadOnlyList<DueRules>> ClaimDueAsync(
        RuleKind kind,
        DateTimeOffset now,
        DateTimeOffset claimUntil,
        int limit,
        CancellationToken cancellationToken
    ) => ClaimAsync(kind, "settle_at <= $1", now, claimUntil, limit, cancellationToken);

    /// <summary>Blocks whose time is over, now lifting and claimed, and those that are being lifted because of it and are due again.</summary>
    public Task<IReadOnlyList<DueRules>> ClaimExpiredAsync(
        RuleKind kind,
        DateTimeOffset now,
        DateTimeOffset claimUntil,
        int limit,
        CancellationToken cancellationToken
    ) =>
        ClaimAsync(
            kind,
            "(expires_at <= $1 AND state = 'blocked') OR (settle_at <= $1 AND expires_at <= $1 AND state IN ('lifting', 'applying'))",
            now,
            claimUntil,
            limit,
            cancellationToken
        );

    /// <summary>
    /// Gives claimed rows back, for a time when the router's turn may be free. A row that was written since it was claimed has a time of its
    /// own by now, which is not to come sooner.
    /// </summary>
    public async Task PostponeAsync(RuleKind kind, DueRules claimed, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            $"UPDATE blacklist.{kind.Table} SET settle_at = $2 WHERE id = ANY($1) AND settle_at = $3",
            claimed.Ids.ToArray(),
            until,
            claimed.ClaimedUntil
        );
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Makes rows due again that were not reached in this turn.</summary>
    public async Task LeaveDueAsync(
        RuleKind kind,
        IReadOnlyCollection<Guid> ids,
        long fence,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"UPDATE blacklist.{kind.Table} SET settle_at = $2 WHERE id = ANY($1) AND fence < $3 AND settle_at IS NOT NULL",
            ids.ToArray(),
            now,
            fence
        );
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The live rows of a router, and the newest row of each device or address that the router reports.</summary>
    public async Task<IReadOnlyList<Rule>> LoadAsync(
        RuleKind kind,
        Guid userId,
        string routerId,
        IReadOnlyCollection<PhysicalAddress> macs,
        IReadOnlyCollection<IPAddress> addresses,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"""
            SELECT true, {Columns(kind)} FROM blacklist.{kind.Table}
            WHERE user_id = $1 AND router_id = $2 AND {RuleStates.LiveSql}
            UNION
            (SELECT DISTINCT ON (device_mac) true, {Columns(kind)} FROM blacklist.{kind.Table}
             WHERE user_id = $1 AND router_id = $2 AND device_mac = ANY($3) ORDER BY device_mac, created_at DESC, id DESC)
            UNION
            (SELECT DISTINCT ON (device_ip) true, {Columns(kind)} FROM blacklist.{kind.Table}
             WHERE user_id = $1 AND router_id = $2 AND device_ip = ANY($4) ORDER BY device_ip, created_at DESC, id DESC)
            """,
            userId,
            routerId,
            macs.ToArray(),
            addresses.ToArray()
        );
        return (await ReadFoundAsync(command, cancellationToken)).Select(found => found.Rule).ToArray();
    }

    /// <summary>Whether the router ever had a rule of this kind.</summary>
    public async Task<bool> AnyAsync(RuleKind kind, Guid userId, string routerId, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            $"SELECT EXISTS (SELECT 1 FROM blacklist.{kind.Table} WHERE user_id = $1 AND router_id = $2)",
            userId,
            routerId
        );
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>
    /// The router shows the device of a row at another address, or shows which device the row means. The former address may be another one of
    /// the same device, and goes on to mean it until a scan shows somebody else there.
    /// </summary>
    public async Task IdentifyAsync(RuleKind kind, Guid id, RuleDevice device, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            $"""
            UPDATE blacklist.{kind.Table} AS rule
            SET device_ip = $2, device_mac = COALESCE($3, rule.device_mac), mac_confirmed = rule.mac_confirmed OR $4,
                device_aliases = CASE WHEN rule.device_ip = $2 THEN rule.device_aliases
                                      ELSE (array_prepend(rule.device_ip, array_remove(array_remove(rule.device_aliases, $2), rule.device_ip)))[1:{MostAliases}] END
            WHERE id = $1 AND {RuleStates.LiveSql} AND ($3 IS NULL OR NOT EXISTS (
                SELECT 1 FROM blacklist.{kind.Table} other
                WHERE other.user_id = rule.user_id AND other.router_id = rule.router_id AND other.id <> $1 AND other.device_mac = $3 AND other.{RuleStates.LiveSql}))
            """,
            id,
            device.Ip,
            NullableMac(device.Mac),
            device.Confirmed
        );
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Another row of the same device was made at this moment; the next look finds both as they are.
        }
    }

    /// <summary>The router shows the rules of these rows.</summary>
    public async Task ConfirmAsync(RuleKind kind, Guid[] ids, CancellationToken cancellationToken)
    {
        await ExecuteAsync(
            $"""
            UPDATE blacklist.{kind.Table} SET mac_confirmed = mac_confirmed OR device_mac IS NOT NULL, attempts = 0
            WHERE id IN (SELECT id FROM blacklist.{kind.Table} WHERE id = ANY($1) AND state = 'blocked' ORDER BY id FOR UPDATE)
            """,
            [ids],
            cancellationToken
        );
    }

    /// <summary>Another live row of the device that has this address, by its own address or another one that it is known by.</summary>
    public async Task<Rule?> FindOtherAsync(RuleKind kind, Rule rule, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            $"""
            SELECT true, {Columns(kind)} FROM blacklist.{kind.Table}
            WHERE user_id = $1 AND router_id = $2 AND {RuleStates.LiveSql} AND id <> $4 AND (device_ip = $3 OR $3 = ANY(device_aliases))
            ORDER BY created_at, id LIMIT 1
            """,
            rule.UserId,
            rule.RouterId,
            rule.DeviceIp,
            rule.Id
        );
        return (await ReadFoundAsync(command, cancellationToken)).SingleOrDefault()?.Rule;
    }

    /// <summary>The live row of a device, which is also known by this address from now on. Null if there is none.</summary>
    public async Task<Rule?> FindDeviceAsync(RuleKind kind, Rule like, PhysicalAddress mac, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            $"""
            UPDATE blacklist.{kind.Table}
            SET device_aliases = CASE WHEN device_ip = $4 THEN device_aliases
                                      ELSE (array_prepend($4, array_remove(device_aliases, $4)))[1:{MostAliases}] END
            WHERE user_id = $1 AND router_id = $2 AND device_mac = $3 AND {RuleStates.LiveSql} AND id <> $5
            RETURNING true, {Columns(kind)}
            """,
            like.UserId,
            like.RouterId,
            mac,
            like.DeviceIp,
            like.Id
        );
        return (await ReadFoundAsync(command, cancellationToken)).SingleOrDefault()?.Rule;
    }

    /// <summary>
    /// An ended row is under way again, because the router still holds its rule. It counts against the tier, whatever the limit. Nothing
    /// happens where a live row of the same device exists by now.
    /// </summary>
    public async Task ReviveAsync(RuleKind kind, Rule rule, RuleChange change, long fence, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            $"""
            WITH counter AS MATERIALIZED (
                SELECT live FROM blacklist.rule_counts WHERE user_id = $2 AND kind = $3 FOR UPDATE
            ), revived AS (
                UPDATE blacklist.{kind.Table}
                SET state = $4, code = $5, code_detail = $6, maybe_sent = $7, settle_at = $8, give_up_at = NULL, attempts = $9, fence = $10,
                    lifted_at = NULL
                WHERE id = $1 AND state = $11 AND fence <= $10 AND (SELECT count(*) FROM counter) >= 0
                RETURNING id
            )
            UPDATE blacklist.rule_counts SET live = live + 1 WHERE user_id = $2 AND kind = $3 AND EXISTS (SELECT 1 FROM revived)
            """,
            rule.Id,
            rule.UserId,
            kind.Name,
            SnakeCase.Of(change.State),
            change.Code,
            change.Detail,
            change.MaybeSent,
            change.SettleAt?.ToMicroseconds(),
            change.Attempts,
            fence,
            SnakeCase.Of(rule.State)
        );
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // The device is blocked again by a row of its own, which the rule is of from now on.
        }
    }

    /// <summary>
    /// A scan saw devices: rows follow them, and rules that wait for a device are due. Rows are locked in the order of their ids, as everywhere.
    /// </summary>
    /// <param name="kind">The kind of rule.</param>
    /// <param name="userId">The owner.</param>
    /// <param name="routerId">The router.</param>
    /// <param name="macs">The devices, one for each of <paramref name="addresses"/>; the address that Devices keeps of a MAC comes first.</param>
    /// <param name="addresses">Where they are.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task SeenAsync(
        RuleKind kind,
        Guid userId,
        string routerId,
        PhysicalAddress[] macs,
        IPAddress[] addresses,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        await ExecuteAsync(
            $"""
            WITH seen AS (SELECT mac, ip, place FROM unnest($3, $4) WITH ORDINALITY AS seen (mac, ip, place)),
            locked AS MATERIALIZED (
                SELECT id, device_mac, device_ip, state, maybe_sent, device_aliases FROM blacklist.{kind.Table}
                WHERE user_id = $1 AND router_id = $2 AND {RuleStates.LiveSql}
                  AND (device_mac IN (SELECT mac FROM seen) OR device_ip IN (SELECT ip FROM seen) OR device_aliases <> '{"{}"}')
                ORDER BY id FOR UPDATE
            ),
            -- A row that knows its device keeps its address while the device still has it.
            named AS (
                SELECT DISTINCT ON (locked.id) locked.id, seen.mac, seen.ip FROM locked JOIN seen ON seen.mac = locked.device_mac
                ORDER BY locked.id, (seen.ip = locked.device_ip) DESC, seen.place
            ),
            -- A row without a MAC is of the device at its address, if that is one and has no row of its own.
            nameless AS (
                SELECT DISTINCT ON (at.mac) locked.id, at.mac, locked.device_ip AS ip FROM locked
                JOIN (SELECT ip, (array_agg(mac))[1] AS mac FROM seen GROUP BY ip HAVING count(DISTINCT mac) = 1) AS at ON at.ip = locked.device_ip
                WHERE locked.device_mac IS NULL AND NOT EXISTS (SELECT 1 FROM locked AS other WHERE other.device_mac = at.mac)
                ORDER BY at.mac, locked.id
            ),
            shown AS (SELECT * FROM named UNION ALL SELECT * FROM nameless)
            UPDATE blacklist.{kind.Table} AS rule
            SET device_mac = COALESCE(shown.mac, rule.device_mac),
                device_ip = COALESCE(shown.ip, rule.device_ip),
                device_aliases = ARRAY(
                    SELECT alias FROM unnest(rule.device_aliases) AS alias
                    WHERE NOT EXISTS (SELECT 1 FROM seen WHERE seen.ip = alias AND seen.mac IS DISTINCT FROM COALESCE(shown.mac, rule.device_mac))),
                settle_at = CASE WHEN shown.id IS NOT NULL AND NOT rule.maybe_sent AND (rule.state = 'lifting' OR (rule.state = 'applying' AND rule.applied_at IS NOT NULL))
                                 THEN LEAST(rule.settle_at, $5) ELSE rule.settle_at END
            FROM locked LEFT JOIN shown ON shown.id = locked.id
            WHERE rule.id = locked.id
              AND (rule.device_mac IS DISTINCT FROM COALESCE(shown.mac, rule.device_mac) OR rule.device_ip IS DISTINCT FROM COALESCE(shown.ip, rule.device_ip)
                OR (shown.id IS NOT NULL AND rule.state IN ('lifting', 'applying') AND NOT rule.maybe_sent) OR rule.device_aliases <> '{"{}"}')
            """,
            [userId, routerId, macs, addresses, now],
            cancellationToken
        );
    }

    /// <summary>
    /// A reset of the router is about to be sent in this turn. Should its outcome be lost, the rows are looked at by <paramref name="checkAt"/>,
    /// and those whose rule is absent then have ended by it.
    /// </summary>
    public Task ExpectClearingAsync(
        Guid userId,
        string routerId,
        long fence,
        DateTimeOffset checkAt,
        CancellationToken cancellationToken
    ) =>
        ForAllKindsAsync(
            kind =>
                $"""
                    UPDATE blacklist.{kind.Table} SET clearing_fence = $3, settle_at = LEAST(settle_at, $4)
                    WHERE id IN (SELECT id FROM blacklist.{kind.Table} WHERE user_id = $1 AND router_id = $2 AND {RuleStates.LiveSql} ORDER BY id FOR UPDATE)
                    """,
            [userId, routerId, fence, checkAt],
            cancellationToken
        );

    /// <summary>The reset of this turn surely did not take effect.</summary>
    public Task ForgetClearingAsync(Guid userId, string routerId, long fence, CancellationToken cancellationToken) =>
        ForAllKindsAsync(
            kind =>
                $"""
                    UPDATE blacklist.{kind.Table} SET clearing_fence = NULL
                    WHERE id IN (SELECT id FROM blacklist.{kind.Table}
                        WHERE user_id = $1 AND router_id = $2 AND {RuleStates.LiveSql} AND clearing_fence = $3 ORDER BY id FOR UPDATE)
                    """,
            [userId, routerId, fence],
            cancellationToken
        );

    /// <summary>The router was reset in this turn: no rule is left there.</summary>
    public Task ClearAsync(Guid userId, string routerId, long fence, DateTimeOffset now, CancellationToken cancellationToken) =>
        ForAllKindsAsync(
            kind =>
                $"""
                    WITH counter AS MATERIALIZED (SELECT live FROM blacklist.rule_counts WHERE user_id = $1 AND kind = '{kind.Name}' FOR UPDATE),
                    locked AS MATERIALIZED (
                        SELECT id FROM blacklist.{kind.Table}
                        WHERE user_id = $1 AND router_id = $2 AND {RuleStates.LiveSql} AND fence <= $3 AND (SELECT count(*) FROM counter) >= 0
                        ORDER BY id FOR UPDATE),
                    cleared AS (
                        UPDATE blacklist.{kind.Table}
                        SET state = 'lifted', lifted_at = $4, fence = $3, maybe_sent = false, settle_at = NULL, give_up_at = NULL, code = NULL, code_detail = NULL,
                            clearing_fence = NULL
                        WHERE id IN (SELECT id FROM locked)
                        RETURNING id)
                    UPDATE blacklist.rule_counts SET live = GREATEST(0, live - (SELECT count(*) FROM cleared)) WHERE user_id = $1 AND kind = '{kind.Name}'
                    """,
            [userId, routerId, fence, now],
            cancellationToken
        );

    public async Task DeleteForRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken)
    {
        await ForAllKindsAsync(
            kind =>
                $"""
                    WITH counter AS MATERIALIZED (SELECT live FROM blacklist.rule_counts WHERE user_id = $1 AND kind = '{kind.Name}' FOR UPDATE),
                    locked AS MATERIALIZED (
                        SELECT id FROM blacklist.{kind.Table}
                        WHERE user_id = $1 AND router_id = $2 AND (SELECT count(*) FROM counter) >= 0 ORDER BY id FOR UPDATE),
                    deleted AS (DELETE FROM blacklist.{kind.Table} WHERE id IN (SELECT id FROM locked) RETURNING state)
                    UPDATE blacklist.rule_counts SET live = GREATEST(0, live - (SELECT count(*) FROM deleted WHERE {RuleStates.LiveSql}))
                    WHERE user_id = $1 AND kind = '{kind.Name}'
                    """,
            [userId, routerId],
            cancellationToken
        );
        await using var checks = database.Command(
            "DELETE FROM blacklist.router_checks WHERE user_id = $1 AND router_id = $2",
            userId,
            routerId
        );
        await checks.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken)
    {
        await ForAllKindsAsync(kind => $"DELETE FROM blacklist.{kind.Table} WHERE user_id = $1", [userId], cancellationToken);
        await using var batch = database.CreateBatch();
        batch
            .With("DELETE FROM blacklist.router_checks WHERE user_id = $1", userId)
            .With("DELETE FROM blacklist.rule_counts WHERE user_id = $1", userId);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Routers whose rules are to be compared with the rows, each put off to its next time as it is handed out.</summary>
    public async Task<IReadOnlyList<DueRules>> ClaimChecksAsync(
        DateTimeOffset now,
        TimeSpan interval,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            """
            UPDATE blacklist.router_checks AS due SET next_check_at = $1 + $2 * (0.9 + 0.2 * random())
            FROM (SELECT user_id, router_id FROM blacklist.router_checks WHERE next_check_at <= $1
                  ORDER BY next_check_at LIMIT $3 FOR UPDATE SKIP LOCKED) AS claimed
            WHERE due.user_id = claimed.user_id AND due.router_id = claimed.router_id
            RETURNING due.user_id, due.router_id
            """,
            now,
            interval,
            limit
        );
        var due = new List<DueRules>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            due.Add(new DueRules(reader.GetGuid(0), reader.GetString(1), [], now));
        }

        return due;
    }

    /// <summary>Has the router's rules compared with the rows by this time, if there ever were any.</summary>
    public async Task ScheduleCheckAsync(Guid userId, string routerId, DateTimeOffset checkAt, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            "UPDATE blacklist.router_checks SET next_check_at = LEAST(next_check_at, $3) WHERE user_id = $1 AND router_id = $2",
            userId,
            routerId,
            checkAt
        );
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<FoundRule?> TryIntendAsync(RuleKind kind, RuleIntent intent, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            $"""
            WITH existing AS (
                SELECT id FROM blacklist.{kind.Table}
                WHERE user_id = $1 AND router_id = $2 AND {RuleStates.LiveSql}
                  AND (device_mac = $4 OR (device_ip = $3 AND (device_mac IS NULL OR $4 IS NULL)) OR ($4 IS NULL AND $3 = ANY(device_aliases)))
                ORDER BY (device_mac IS NOT DISTINCT FROM $4) DESC, (device_ip = $3) DESC LIMIT 1
            ), held AS (
                -- Counted only where there is no counter yet: rows that came into the table by another way count too.
                SELECT CASE WHEN EXISTS (SELECT 1 FROM blacklist.rule_counts WHERE user_id = $1 AND kind = $5) THEN 0
                            ELSE (SELECT count(*) FROM blacklist.{kind.Table} WHERE user_id = $1 AND {RuleStates.LiveSql}) END AS live
            ), slot AS (
                INSERT INTO blacklist.rule_counts AS counter (user_id, kind, live)
                SELECT $1, $5, 1 + held.live FROM held WHERE held.live < $6 AND NOT EXISTS (SELECT 1 FROM existing)
                ON CONFLICT (user_id, kind) DO UPDATE SET live = counter.live + 1 WHERE counter.live < $6
                RETURNING live
            ), checked AS (
                INSERT INTO blacklist.router_checks (user_id, router_id, next_check_at)
                SELECT $1, $2, $13 FROM slot ON CONFLICT (user_id, router_id) DO NOTHING
            ), inserted AS (
                INSERT INTO blacklist.{kind.Table}
                    (id, user_id, router_id, device_ip, device_mac, {kind.NoteColumn}, state, created_by, created_at, expires_at,
                     fence, maybe_sent, settle_at, give_up_at, attempts)
                SELECT $7, $1, $2, $3, $4, $8, 'applying', $1, $9, $10, 0, true, $11, $12, 0 FROM slot
                RETURNING {Columns(kind)}
            )
            SELECT true, {Columns(kind)} FROM inserted
            UNION ALL
            SELECT false, {Columns(kind)} FROM blacklist.{kind.Table} WHERE id = (SELECT id FROM existing)
            """,
            intent.UserId,
            intent.RouterId,
            intent.Ip,
            intent.Mac,
            kind.Name,
            limit,
            intent.Id,
            intent.Note,
            intent.CreatedAt,
            intent.ExpiresAt,
            intent.SettleAt,
            intent.GiveUpAt,
            intent.FirstCheckAt
        );
        return (await ReadFoundAsync(command, cancellationToken)).SingleOrDefault();
    }

    private async Task<IReadOnlyList<DueRules>> ClaimAsync(
        RuleKind kind,
        string condition,
        DateTimeOffset now,
        DateTimeOffset claimUntil,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            $"""
            UPDATE blacklist.{kind.Table} AS rule
            SET settle_at = $2,
                maybe_sent = CASE WHEN state = 'blocked' AND expires_at <= $1 THEN false ELSE maybe_sent END,
                state = CASE WHEN state = 'blocked' AND expires_at <= $1 THEN 'lifting' ELSE state END
            FROM (SELECT id FROM blacklist.{kind.Table} WHERE {condition} LIMIT $3 FOR UPDATE SKIP LOCKED) AS due
            WHERE rule.id = due.id
            RETURNING rule.user_id, rule.router_id, rule.id
            """,
            now,
            claimUntil,
            limit
        );
        var claimed = new List<(Guid UserId, string RouterId, Guid Id)>();
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                claimed.Add((reader.GetGuid(0), reader.GetString(1), reader.GetGuid(2)));
            }
        }

        return claimed
            .GroupBy(row => (row.UserId, row.RouterId))
            .Select(rows => new DueRules(rows.Key.UserId, rows.Key.RouterId, rows.Select(row => row.Id).ToArray(), claimUntil))
            .ToArray();
    }

    private Task ForAllKindsAsync(Func<RuleKind, string> sql, object[] parameters, CancellationToken cancellationToken) =>
        DatabaseRetry.RunAsync(
            async token =>
            {
                await using var batch = database.CreateBatch();
                foreach (var kind in RuleKind.All)
                {
                    batch.With(sql(kind), parameters);
                }

                await batch.ExecuteNonQueryAsync(token);
            },
            cancellationToken
        );

    private Task ExecuteAsync(string sql, object?[] parameters, CancellationToken cancellationToken) =>
        DatabaseRetry.RunAsync(
            async token =>
            {
                await using var command = database.Command(sql, parameters);
                await command.ExecuteNonQueryAsync(token);
            },
            cancellationToken
        );

    private static NpgsqlParameter NullableMac(PhysicalAddress? mac) =>
        new() { NpgsqlDbType = NpgsqlDbType.MacAddr, Value = (object?)mac ?? DBNull.Value };

    private static string Columns(RuleKind kind) =>
        $"""
            id, user_id, router_id, device_ip, device_mac, {kind.NoteColumn}, state, code, code_detail, created_by, created_at, applied_at,
            expires_at, lifted_at, fence, maybe_sent, settle_at, give_up_at, attempts, mac_confirmed, device_aliases, clearing_fence
            """;

    private static async Task<List<FoundRule>> ReadFoundAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var found = new List<FoundRule>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new FoundRule(Read(reader), reader.GetBoolean(0)));
        }

        return found;
    }

    private static Rule Read(NpgsqlDataReader reader) =>
        new()
        {
            Id = reader.GetGuid(1),
            UserId = reader.GetGuid(2),
            RouterId = reader.GetString(3),
            DeviceIp = reader.GetFieldValue<IPAddress>(4),
            DeviceMac = reader.Nullable<PhysicalAddress>(5),
            Note = reader.Nullable<string>(6),
            State = SnakeCase.Parse<RuleState>(reader.GetString(7)),
            Code = reader.Nullable<string>(8),
            Detail = reader.Nullable<string>(9),
            CreatedBy = reader.Nullable<Guid?>(10),
            CreatedAt = reader.GetFieldValue<DateTimeOffset>(11),
            AppliedAt = reader.Nullable<DateTimeOffset?>(12),
            ExpiresAt = reader.Nullable<DateTimeOffset?>(13),
            LiftedAt = reader.Nullable<DateTimeOffset?>(14),
            Fence = reader.GetInt64(15),
            MaybeSent = reader.GetBoolean(16),
            SettleAt = reader.Nullable<DateTimeOffset?>(17),
            GiveUpAt = reader.Nullable<DateTimeOffset?>(18),
            Attempts = reader.GetInt32(19),
            MacConfirmed = reader.GetBoolean(20),
            DeviceAliases = reader.GetFieldValue<IPAddress[]>(21),
            ClearingFence = reader.Nullable<long?>(22),
        };
}
