using Npgsql;

namespace NetPilot.Testing;

/// <summary>A row of a query, by position or by column name.</summary>
public sealed class Row(IReadOnlyDictionary<string, object?> columns)
{
    public object? this[string column] => columns[column];

    public T Value<T>(string column) => Cast<T>(columns[column]);

    public T Value<T>(int ordinal) => Cast<T>(columns.Values.ElementAt(ordinal));

    public override string ToString() => string.Join(", ", columns.Select(column => $"{column.Key}={column.Value ?? "null"}"));

    private static T Cast<T>(object? value) => value is null ? default! : (T)value;
}

internal static class Sql
{
    public static async Task<IReadOnlyList<Row>> QueryAsync(NpgsqlDataSource database, string sql, IReadOnlyList<object?> arguments)
    {
        await using var command = Command(database, sql, arguments);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<Row>();
        while (await reader.ReadAsync())
        {
            var columns = new Dictionary<string, object?>(reader.FieldCount);
            for (var i = 0; i < reader.FieldCount; i++)
            {
                columns[reader.GetName(i)] = await reader.IsDBNullAsync(i) ? null : reader.GetValue(i);
            }

            rows.Add(new Row(columns));
        }

        return rows;
    }

    public static async Task<int> ExecuteAsync(NpgsqlDataSource database, string sql, IReadOnlyList<object?> arguments)
    {
        await using var command = Command(database, sql, arguments);
        return await command.ExecuteNonQueryAsync();
    }

    private static NpgsqlCommand Command(NpgsqlDataSource database, string sql, IReadOnlyList<object?> arguments)
    {
        var command = database.CreateCommand(sql);
        foreach (var argument in arguments)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = argument ?? DBNull.Value });
        }

        return command;
    }
}
