using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using NetPilot.Persistence;

namespace NetPilot.Web;

/// <summary>A page of a list.</summary>
/// <param name="Items">The entries, newest first.</param>
/// <param name="NextCursor">What to ask the next page with; null on the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor)
{
    /// <summary>The same page with what is answered for each entry.</summary>
    public Page<TOther> Select<TOther>(Func<T, TOther> answer) => new([.. Items.Select(answer)], NextCursor);
}

/// <summary>
/// What a page is asked with. The cursor is bound to its list (path and filters): one from elsewhere is refused instead of misread. It holds
/// no secret and grants nothing, since every query also names the owner.
/// </summary>
public sealed class PageRequest
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 200;
    private readonly IReadOnlyList<object?> list;

    private PageRequest(int limit, Position? after, IReadOnlyList<object?> list)
    {
        Limit = limit;
        After = after;
        this.list = list;
    }

    internal int Limit { get; }

    internal Position? After { get; }

    /// <summary>Reads limit and cursor.</summary>
    /// <param name="list">What the cursor is bound to: the path, then each filter's value, null where absent.</param>
    /// <exception cref="ProblemException">400 <c>validation_failed</c> or <c>invalid_cursor</c>.</exception>
    public static PageRequest Of(int? limit, string? cursor, params IReadOnlyList<object?> list)
    {
        if (limit is < 1 or > MaxLimit)
        {
            throw new ProblemException(Problem.Invalid("limit", $"Must be between 1 and {MaxLimit}."));
        }

        return new PageRequest(limit ?? DefaultLimit, cursor is null ? null : Decode(cursor, list), list);
    }

    internal string CursorOf(Position position)
    {
        Span<byte> bytes = stackalloc byte[32];
        BitConverter.TryWriteBytes(bytes[8..], position.At.UtcTicks);
        position.Id.TryWriteBytes(bytes[16..]);
        ChecksumOf(list, bytes[8..]).CopyTo(bytes);
        return Base64Url.EncodeToString(bytes);
    }

    // It finds what was cut off, altered or made for another list. Whoever computes it can only ask for other pages of the same list.
    private static ReadOnlySpan<byte> ChecksumOf(IReadOnlyList<object?> list, ReadOnlySpan<byte> position) =>
        SHA256.HashData([.. position, .. JsonSerializer.SerializeToUtf8Bytes(list)]).AsSpan(0, 8);

    private static Position Decode(string cursor, IReadOnlyList<object?> list)
    {
        Span<byte> bytes = stackalloc byte[32];
        if (
            cursor.Length != 43
            || !Base64Url.IsValid(cursor)
            || !Base64Url.TryDecodeFromUtf8(Encoding.ASCII.GetBytes(cursor), bytes, out var written)
            || written != bytes.Length
            || !bytes[..8].SequenceEqual(ChecksumOf(list, bytes[8..]))
            || BitConverter.ToInt64(bytes[8..]) is var ticks && (ticks < 0 || ticks > DateTimeOffset.MaxValue.UtcTicks)
        )
        {
            throw new ProblemException(Problem.InvalidCursor());
        }

        return new Position(new DateTimeOffset(BitConverter.ToInt64(bytes[8..]), TimeSpan.Zero), new Guid(bytes[16..]));
    }
}

public static class Paging
{
    /// <summary>
    /// The page that was asked for: the one that was read with the session, else what the query finds. LINQ took a twentieth of a
    /// request's processor time to build a query that was not run, so it is made where it is needed.
    /// </summary>
    public static async Task<Page<TRow>> PageAsync<TRow>(
        this HttpContext context,
        Func<IQueryable<TRow>> rows,
        Keyset<TRow> keyset,
        PageRequest page,
        CancellationToken cancellationToken
    ) => context.FirstPage<TRow>() is { } found ? Of(found, keyset, page) : await rows().ToPageAsync(keyset, page, cancellationToken);

    /// <summary>Reads the page that was asked for, and says where the next one begins.</summary>
    public static async Task<Page<TRow>> ToPageAsync<TRow>(
        this IQueryable<TRow> rows,
        Keyset<TRow> keyset,
        PageRequest page,
        CancellationToken cancellationToken
    )
    {
        // One more than the page holds tells whether there is another one.
        var found = await keyset.After(rows, page.After).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return Of(found, keyset, page);
    }

    private static Page<TRow> Of<TRow>(List<TRow> found, Keyset<TRow> keyset, PageRequest page)
    {
        if (found.Count <= page.Limit)
        {
            return new Page<TRow>(found, null);
        }

        found.RemoveAt(page.Limit);
        return new Page<TRow>(found, page.CursorOf(keyset.PositionOf(found[^1])));
    }
}
