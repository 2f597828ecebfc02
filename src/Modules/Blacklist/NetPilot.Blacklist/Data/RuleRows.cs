namespace NetPilot.Blacklist.Data;

/// <summary>
/// Reads the rows that a statement returns. EF Core would write the text of each statement anew and look for its plan in each call (benchmark
/// handwritten).
/// </summary>
internal static class RuleRows
{
    public static Task<List<Rule>> ReadRulesAsync(this DbDataReader rows, RuleKind kind, CancellationToken cancellationToken)
    {
        var columns = new Columns(rows, kind);
        return rows.ReadAllAsync(row => Of(row, kind, columns), cancellationToken);
    }

    private static Rule Of(DbDataReader row, RuleKind kind, Columns at) =>
        new()
        {
            Kind = kind,
            Id = row.GetGuid(at.Id),
            UserId = row.GetGuid(at.UserId),
            RouterId = row.GetString(at.RouterId),
            DeviceIp = row.GetFieldValue<IPAddress>(at.DeviceIp),
            DeviceMac = row.Nullable<PhysicalAddress>(at.DeviceMac),
            MacConfirmed = row.GetBoolean(at.MacConfirmed),
            DeviceAliases = row.GetFieldValue<IPAddress[]>(at.DeviceAliases),
            Note = row.Nullable<string>(at.Note),
            State = SnakeCase.Parse<RuleState>(row.GetString(at.State)),
            Code = row.Nullable<string>(at.Code),
            Detail = row.Nullable<string>(at.Detail),
            CreatedBy = row.Nullable<Guid?>(at.CreatedBy),
            CreatedAt = row.GetFieldValue<DateTimeOffset>(at.CreatedAt),
            AppliedAt = row.Nullable<DateTimeOffset?>(at.AppliedAt),
            ExpiresAt = row.Nullable<DateTimeOffset?>(at.ExpiresAt),
            LiftedAt = row.Nullable<DateTimeOffset?>(at.LiftedAt),
            Fence = row.GetInt64(at.Fence),
            MaybeSent = row.GetBoolean(at.MaybeSent),
            SettleAt = row.Nullable<DateTimeOffset?>(at.SettleAt),
            GiveUpAt = row.Nullable<DateTimeOffset?>(at.GiveUpAt),
            Attempts = row.GetInt32(at.Attempts),
            HeldManually = row.GetBoolean(at.HeldManually),
            HeldUntil = row.Nullable<DateTimeOffset?>(at.HeldUntil),
            LetThroughAt = row.Nullable<DateTimeOffset?>(at.LetThroughAt),
            ReplacedBy = row.Nullable<Guid?>(at.ReplacedBy),
            ClearingFence = row.Nullable<long?>(at.ClearingFence),
        };

    private sealed class Columns(DbDataReader rows, RuleKind kind)
    {
        public int Id { get; } = rows.GetOrdinal("id");
        public int UserId { get; } = rows.GetOrdinal("user_id");
        public int RouterId { get; } = rows.GetOrdinal("router_id");
        public int DeviceIp { get; } = rows.GetOrdinal("device_ip");
        public int DeviceMac { get; } = rows.GetOrdinal("device_mac");
        public int MacConfirmed { get; } = rows.GetOrdinal("mac_confirmed");
        public int DeviceAliases { get; } = rows.GetOrdinal("device_aliases");
        public int Note { get; } = rows.GetOrdinal(kind.NoteColumn);
        public int State { get; } = rows.GetOrdinal("state");
        public int Code { get; } = rows.GetOrdinal("code");
        public int Detail { get; } = rows.GetOrdinal("code_detail");
        public int CreatedBy { get; } = rows.GetOrdinal("created_by");
        public int CreatedAt { get; } = rows.GetOrdinal("created_at");
        public int AppliedAt { get; } = rows.GetOrdinal("applied_at");
        public int ExpiresAt { get; } = rows.GetOrdinal("expires_at");
        public int LiftedAt { get; } = rows.GetOrdinal("lifted_at");
        public int Fence { get; } = rows.GetOrdinal("fence");
        public int MaybeSent { get; } = rows.GetOrdinal("maybe_sent");
        public int SettleAt { get; } = rows.GetOrdinal("settle_at");
        public int GiveUpAt { get; } = rows.GetOrdinal("give_up_at");
        public int Attempts { get; } = rows.GetOrdinal("attempts");
        public int HeldManually { get; } = rows.GetOrdinal("held_manually");
        public int HeldUntil { get; } = rows.GetOrdinal("held_until");
        public int LetThroughAt { get; } = rows.GetOrdinal("let_through_at");
        public int ClearingFence { get; } = rows.GetOrdinal("clearing_fence");
        public int ReplacedBy { get; } = rows.GetOrdinal("replaced_by");
    }
}
