// A step of a larger transaction: the answers about a resource go in the batch that removes the resource, in the same round trip.

namespace NetPilot.Idempotency.Data.Statements;

internal static class ForgetResource
{
    public static void AddTo(NpgsqlBatch batch, string table, Guid userId, ResourceName resource) =>
        batch.With(
            $"""
            DELETE FROM {table}
            WHERE user_id = $1 AND CASE
                WHEN lower(path) LIKE $2 || '/_%' THEN split_part(substr(path, length($2) + 2), '/', 1) = $4
                WHEN status BETWEEN 200 AND 299 AND lower(trim(TRAILING '/' FROM path)) = $2
                    THEN convert_from(body, 'UTF8')::jsonb ->> $3 = $4
                ELSE false
            END
            """,
            userId,
            resource.Collection,
            resource.Field,
            resource.Id
        );
}
