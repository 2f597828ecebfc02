// A hot path (benchmark handwritten): part of another module's batch, in the round trip that reads the caller's session.

namespace NetPilot.Blacklist.Data.Statements;

internal static class ReadFirstBlocks
{
    // Only what is shown of a block, or says what is shown: a third of a row's columns are for commands alone.
    private static readonly string Text = $"""
        SELECT id, device_ip, device_mac, reason, state, code, created_by, created_at, applied_at, expires_at, lifted_at,
               held_manually, held_until, let_through_at, maybe_sent, give_up_at, attempts
        FROM blacklist.user_blacklists WHERE user_id = $1 AND router_id = $2 AND {RuleStates.LiveSql}
        ORDER BY created_at DESC, id DESC LIMIT {FirstPages.Rows}
        """;

    public static NpgsqlBatchCommand Command(Guid userId, string routerId) => Sql.Statement(Text, userId, routerId);

    public static Task<List<Rule>> ReadAsync(DbDataReader result, Guid userId, string routerId, CancellationToken cancellationToken) =>
        result.ReadAllAsync(
            row => new Rule
            {
                Id = row.GetGuid(0),
                UserId = userId,
                RouterId = routerId,
                DeviceIp = row.GetFieldValue<IPAddress>(1),
                DeviceMac = row.Nullable<PhysicalAddress>(2),
                Note = row.Nullable<string>(3),
                State = SnakeCase.Parse<RuleState>(row.GetString(4)),
                Code = row.Nullable<string>(5),
                CreatedBy = row.Nullable<Guid?>(6),
                CreatedAt = row.GetFieldValue<DateTimeOffset>(7),
                AppliedAt = row.Nullable<DateTimeOffset?>(8),
                ExpiresAt = row.Nullable<DateTimeOffset?>(9),
                LiftedAt = row.Nullable<DateTimeOffset?>(10),
                HeldManually = row.GetBoolean(11),
                HeldUntil = row.Nullable<DateTimeOffset?>(12),
                LetThroughAt = row.Nullable<DateTimeOffset?>(13),
                MaybeSent = row.GetBoolean(14),
                GiveUpAt = row.Nullable<DateTimeOffset?>(15),
                Attempts = row.GetInt32(16),
            },
            cancellationToken
        );
}
