using Npgsql;

namespace NetPilot.Identity.Data;

/// <summary>Statements with positional parameters. A batch runs as one transaction in one round trip.</summary>
internal static class Sql
{
    public static NpgsqlCommand Command(this NpgsqlDataSource database, string sql, params ReadOnlySpan<object?> values)
    {
        var command = database.CreateCommand(sql);
        Add(command.Parameters, values);
        return command;
    }

    public static NpgsqlBatch With(this NpgsqlBatch batch, string sql, params ReadOnlySpan<object?> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        Add(command.Parameters, values);
        batch.BatchCommands.Add(command);
        return batch;
    }

    public static T? Nullable<T>(this NpgsqlDataReader row, int column)
    {
        return row.IsDBNull(column) ? default : row.GetFieldValue<T>(column);
    }

    private static void Add(NpgsqlParameterCollection parameters, ReadOnlySpan<object?> values)
    {
        foreach (var value in values)
        {
            parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }
    }
}
