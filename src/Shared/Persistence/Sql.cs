using System.Data.Common;

namespace NetPilot.Persistence;

/// <summary>
/// Statements with positional parameters. A batch runs as one transaction in one round trip. An array that is the only value has to be cast
/// to object, or its elements are taken for the values.
/// </summary>
public static class Sql
{
    /// <summary>A statement with the values of <c>$1</c>, <c>$2</c> and so on. Null is SQL's, its type what the statement makes of it.</summary>
    public static NpgsqlCommand Command(this NpgsqlDataSource database, string sql, params ReadOnlySpan<object?> values)
    {
        var command = database.CreateCommand(sql);
        Add(command.Parameters, values);
        return command;
    }

    public static NpgsqlBatch With(this NpgsqlBatch batch, string sql, params ReadOnlySpan<object?> values)
    {
        batch.BatchCommands.Add(Statement(sql, values));
        return batch;
    }

    /// <summary>A statement with its values, for a batch that somebody else makes.</summary>
    public static NpgsqlBatchCommand Statement(string sql, params ReadOnlySpan<object?> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        Add(command.Parameters, values);
        return command;
    }

    public static async Task<List<T>> ReadAllAsync<T>(
        this DbDataReader result,
        Func<DbDataReader, T> read,
        CancellationToken cancellationToken
    )
    {
        var rows = new List<T>();
        while (await result.ReadAsync(cancellationToken))
        {
            rows.Add(read(result));
        }

        return rows;
    }

    /// <summary>Moves to the result of the next statement of a batch.</summary>
    /// <exception cref="NpgsqlException">
    /// There is none: Npgsql passed over the result of a statement that it takes for one without, and what was read belongs to other statements.
    /// </exception>
    public static async Task NextAsync(this DbDataReader result, CancellationToken cancellationToken)
    {
        if (!await result.NextResultAsync(cancellationToken))
        {
            throw new NpgsqlException(DatabaseFailures.ResultIsMissing);
        }
    }

    public static T? Nullable<T>(this DbDataReader row, int column) => row.IsDBNull(column) ? default : row.GetFieldValue<T>(column);

    // A parameter among the values is taken as it is: arrays whose elements may be null have to name their type.
    private static void Add(NpgsqlParameterCollection parameters, ReadOnlySpan<object?> values)
    {
        foreach (var value in values)
        {
            parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value ?? DBNull.Value });
        }
    }
}
