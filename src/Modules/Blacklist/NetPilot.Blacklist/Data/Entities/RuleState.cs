using System.Runtime.Serialization;
using System.Text.Json.Serialization;

namespace NetPilot.Blacklist.Data.Entities;

/// <summary>Where a rule is in its life.</summary>
internal enum RuleState
{
    /// <summary>Wanted; the router may or may not hold it.</summary>
    Applying,

    /// <summary>The Commands-Server acknowledged it. The tables and the REST contract call this <c>blocked</c> for all three kinds.</summary>
    [JsonStringEnumMemberName("blocked"), EnumMember(Value = "blocked")]
    InForce,

    /// <summary>No longer wanted; the router may or may not hold it.</summary>
    Lifting,

    /// <summary>The router does not hold it any more.</summary>
    Lifted,

    /// <summary>It is not in force: it never was, or the router lost it and did not take it back.</summary>
    Failed,
}

internal static class RuleStates
{
    /// <summary>The states of live rows.</summary>
    public static readonly RuleState[] Live = [RuleState.Applying, RuleState.InForce, RuleState.Lifting];

    /// <summary>The same as a condition, by which PostgreSQL finds the index of live rows.</summary>
    public const string LiveSql = "state IN ('applying', 'blocked', 'lifting')";

    /// <summary>Until when a rule is kept: what <see cref="Rule.UnkeptSince"/> goes by, for statements and their index.</summary>
    public const string KeptUntilSql = "GREATEST(CASE WHEN held_manually THEN COALESCE(expires_at, 'infinity') END, held_until)";

    /// <summary>The rows that <see cref="KeptUntilSql"/> is indexed for: those in force that may be kept no longer some time.</summary>
    public const string MayExpireSql = "state = 'blocked' AND (expires_at IS NOT NULL OR NOT held_manually)";
}
