using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore.Query;

namespace NetPilot.Persistence;

/// <summary>The position of a row in a list that is ordered by a time and an id, both falling.</summary>
public sealed record Position(DateTimeOffset At, Guid Id);

/// <summary>
/// How a table is listed page by page: by a time and an id, newest first. A page begins after a position, so that its cost does not grow with
/// the rows before it.
/// </summary>
public sealed class Keyset<TRow>(Expression<Func<TRow, DateTimeOffset>> at, Expression<Func<TRow, Guid>> id)
{
    private readonly Func<TRow, DateTimeOffset> atOf = at.Compile();
    private readonly Func<TRow, Guid> idOf = id.Compile();

    /// <summary>The rows after a position, or from the first on, in the list's order.</summary>
    public IQueryable<TRow> After(IQueryable<TRow> rows, Position? position)
    {
        if (position is not null)
        {
            rows = rows.Where(IsAfter(position));
        }

        return rows.OrderByDescending(at).ThenByDescending(id);
    }

    public Position PositionOf(TRow row) => new(atOf(row), idOf(row));

    // As a comparison of rows, which an index serves from the position on.
    private Expression<Func<TRow, bool>> IsAfter(Position position)
    {
        Expression<Func<DateTimeOffset, Guid, bool>> comparison = (rowAt, rowId) =>
            EF.Functions.LessThan(ValueTuple.Create(rowAt, rowId), ValueTuple.Create(position.At, position.Id));
        var row = at.Parameters[0];
        Expression[] key = [at.Body, ReplacingExpressionVisitor.Replace(id.Parameters[0], row, id.Body)];
        return Expression.Lambda<Func<TRow, bool>>(
            new ReplacingExpressionVisitor([.. comparison.Parameters], key).Visit(comparison.Body),
            row
        );
    }
}
