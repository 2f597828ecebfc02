// Dependent steps in one statement: nothing is written unless the lease and the revision are still the ones that the state was read under.
using NpgsqlTypes;

namespace NetPilot.People.Data.Statements;

internal static class FinishRouter
{
    /// <summary>Writes when the router is due next, and gives the lease back.</summary>
    /// <returns>False: the router's state changed meanwhile, or the lease is lost, and nothing was written.</returns>
    public static async Task<bool> FinishAsync(
        this NpgsqlDataSource database,
        RouterState state,
        RouterPlan plan,
        Lease lease,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command(
            """
            WITH finished AS (
                UPDATE people.routers SET next_change_at = $5, has_orphans = false, lease_id = NULL, leased_until = NULL
                WHERE user_id = $1 AND router_id = $2 AND lease_id = $3 AND revision = $4 RETURNING 1
            ), schedules AS (
                UPDATE people.schedules AS schedule SET next_change_at = planned.next, in_force_since = planned.since
                FROM unnest($6::uuid[], $7::timestamptz[], $8::timestamptz[]) AS planned (id, next, since)
                WHERE schedule.id = planned.id AND EXISTS (SELECT FROM finished)
            ), people AS (
                UPDATE people.people AS person
                SET next_change_at = planned.next,
                    paused_since = CASE WHEN planned.ended THEN NULL ELSE paused_since END,
                    paused_until = CASE WHEN planned.ended THEN NULL ELSE paused_until END
                FROM unnest($9::uuid[], $10::timestamptz[], $11::boolean[]) AS planned (id, next, ended)
                WHERE person.id = planned.id AND EXISTS (SELECT FROM finished)
            )
            SELECT count(*) FROM finished
            """,
            state.Row.UserId,
            state.Row.RouterId,
            lease.Id,
            state.Row.Revision,
            plan.NextChangeAt,
            Ids(plan.Schedules.Select(schedule => schedule.Id)),
            Times(plan.Schedules.Select(schedule => schedule.NextChangeAt)),
            Times(plan.Schedules.Select(schedule => schedule.Since)),
            Ids(plan.People.Select(person => person.Id)),
            Times(plan.People.Select(person => person.NextChangeAt)),
            new NpgsqlParameter { Value = plan.People.Select(person => person.PauseEnds).ToArray() }
        );
        return await command.ExecuteScalarAsync(cancellationToken) is 1L;
    }

    private static NpgsqlParameter Ids(IEnumerable<Guid> ids) => new() { Value = ids.ToArray() };

    private static NpgsqlParameter Times(IEnumerable<DateTimeOffset?> times) =>
        new() { Value = times.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz };
}
