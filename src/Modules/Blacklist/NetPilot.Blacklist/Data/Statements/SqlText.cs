// What the statements of this folder are written with: EF Core's own interpolated SQL takes no names, no parts, and no type of a null.
using System.Runtime.CompilerServices;
using System.Text;
using NpgsqlTypes;

namespace NetPilot.Blacklist.Data.Statements;

/// <summary>A statement, or a part of one. Its interpolated values become parameters, and its interpolated parts become part of it.</summary>
[InterpolatedStringHandler]
internal sealed class SqlText(int literalLength, int formattedCount)
{
    private readonly List<(string? Text, NpgsqlDbType Type, object? Value)> parts = new((2 * formattedCount) + (literalLength > 0 ? 1 : 0));

    public static SqlText Live { get; } = Raw(RuleStates.LiveSql);

    /// <summary>Until when a rule is kept.</summary>
    public static SqlText KeptUntil { get; } = Raw(RuleStates.KeptUntilSql);

    /// <summary>The condition of the index over <see cref="KeptUntil"/>.</summary>
    public static SqlText MayExpire { get; } = Raw(RuleStates.MayExpireSql);

    /// <summary>A name or a condition that holds no value.</summary>
    public static SqlText Raw(string text)
    {
        var raw = new SqlText(text.Length, 0);
        raw.AppendLiteral(text);
        return raw;
    }

    /// <summary>The condition on rows by which a turn is asked for with them; it holds for each.</summary>
    public static SqlText Asking(ITurnAsk? ask) =>
        ask is null ? Raw("") : $" WHERE set_config({ITurnAsk.Setting}, {ask.Key}, true) IS NOT NULL";

    /// <summary>A part that the statement has or has not, for <see cref="Join"/>.</summary>
    public static SqlText? When(bool counts, SqlText part) => counts ? part : null;

    /// <summary>The parts that there are, one after the other.</summary>
    public static SqlText Join(string separator, params ReadOnlySpan<SqlText?> items)
    {
        var joined = new SqlText(0, items.Length);
        foreach (var item in items)
        {
            if (item is null)
            {
                continue;
            }

            if (joined.parts.Count > 0)
            {
                joined.AppendLiteral(separator);
            }

            joined.AppendFormatted(item);
        }

        return joined;
    }

    public void AppendLiteral(string text) => parts.Add((text, default, null));

    public void AppendFormatted(SqlText part) => parts.AddRange(part.parts);

    public void AppendFormatted(string? value) => Add(NpgsqlDbType.Text, value);

    public void AppendFormatted(RuleState? value) => Add(NpgsqlDbType.Text, value is { } state ? SnakeCase.Of(state) : null);

    public void AppendFormatted(IPAddress? value) => Add(NpgsqlDbType.Inet, value);

    public void AppendFormatted(PhysicalAddress? value) => Add(NpgsqlDbType.MacAddr, value);

    /// <summary>The greatest time there is stands for none: PostgreSQL's infinity.</summary>
    public void AppendFormatted(DateTimeOffset? value) =>
        Add(NpgsqlDbType.TimestampTz, value == DateTimeOffset.MaxValue ? DateTime.MaxValue : value?.ToMicroseconds());

    public void AppendFormatted(TimeSpan value) => Add(NpgsqlDbType.Interval, value);

    public void AppendFormatted(Guid? value) => Add(NpgsqlDbType.Uuid, value);

    public void AppendFormatted(long? value) => Add(NpgsqlDbType.Bigint, value);

    public void AppendFormatted(int? value) => Add(NpgsqlDbType.Integer, value);

    public void AppendFormatted(bool? value) => Add(NpgsqlDbType.Boolean, value);

    public void AppendFormatted(Guid[] value) => Add(NpgsqlDbType.Array | NpgsqlDbType.Uuid, value);

    public void AppendFormatted(string[] value) => Add(NpgsqlDbType.Array | NpgsqlDbType.Text, value);

    public void AppendFormatted(DateTimeOffset[] value) =>
        Add(
            NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
            Array.ConvertAll(value, at => at == DateTimeOffset.MaxValue ? DateTime.MaxValue : at.ToMicroseconds().UtcDateTime)
        );

    public void AppendFormatted(IPAddress[] value) => Add(NpgsqlDbType.Array | NpgsqlDbType.Inet, value);

    public void AppendFormatted(PhysicalAddress[] value) => Add(NpgsqlDbType.Array | NpgsqlDbType.MacAddr, value);

    /// <summary>A value that stands in several places is one parameter.</summary>
    public void AppendFormatted(SqlValue value) => Add(value.Type, value);

    private (string Text, object[] Parameters) Write()
    {
        var sql = new StringBuilder(1024);
        var parameters = new List<object>();
        var shared = new List<(SqlValue Value, int Number)>();
        foreach (var (text, type, value) in parts)
        {
            if (text is not null)
            {
                sql.Append(text);
                continue;
            }

            var number = value is SqlValue known ? shared.Find(one => ReferenceEquals(one.Value, known)).Number : 0;
            if (number == 0)
            {
                var single = value is SqlValue several ? several.Value : value;
                parameters.Add(new NpgsqlParameter { NpgsqlDbType = type, Value = single ?? DBNull.Value });
                number = parameters.Count;
                if (value is SqlValue first)
                {
                    shared.Add((first, number));
                }
            }

            sql.Append('$').Append(number);
        }

        return (sql.ToString(), [.. parameters]);
    }

    public NpgsqlCommand On(NpgsqlDataSource database)
    {
        var (text, parameters) = Write();
        return database.Command(text, parameters);
    }

    public NpgsqlBatchCommand ForBatch()
    {
        var (text, parameters) = Write();
        return Sql.Statement(text, parameters);
    }

    private void Add(NpgsqlDbType type, object? value) => parts.Add((null, type, value));
}

/// <summary>A value that a statement names several times: it is sent once.</summary>
internal sealed record SqlValue(NpgsqlDbType Type, object? Value)
{
    public static implicit operator SqlValue(Guid value) => new(NpgsqlDbType.Uuid, value);

    public static implicit operator SqlValue(string value) => new(NpgsqlDbType.Text, value);

    public static implicit operator SqlValue(long value) => new(NpgsqlDbType.Bigint, value);

    public static implicit operator SqlValue(IPAddress value) => new(NpgsqlDbType.Inet, value);

    public static SqlValue Of(PhysicalAddress? value) => new(NpgsqlDbType.MacAddr, value);
}

internal static class SqlTexts
{
    public static NpgsqlBatch With(this NpgsqlBatch batch, IEnumerable<SqlText> statements)
    {
        foreach (var statement in statements)
        {
            batch.BatchCommands.Add(statement.ForBatch());
        }

        return batch;
    }
}
