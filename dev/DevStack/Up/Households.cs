using System.Globalization;
using NetPilot.DevStack.Simulator;
using Npgsql;

namespace NetPilot.DevStack.Up;

/// <summary>What NetPilot has stored of the devices of its routers: whose they are, and why they are held.</summary>
internal sealed class Households(string connectionString) : IAsyncDisposable
{
    // A row for each reason; what lets a device through is no reason.
    private const string Sql = """
        SELECT device.router_id, device.mac::text, person.name, rule.state,
            CASE WHEN rule.held_manually THEN COALESCE(rule.expires_at, 'infinity') END,
            hold.kind, schedule.name, hold.until
        FROM devices.user_devices AS device
        LEFT JOIN people.person_devices AS membership
            ON membership.user_id = device.user_id AND membership.router_id = device.router_id AND membership.device_id = device.id
        LEFT JOIN people.people AS person ON person.id = membership.person_id
        LEFT JOIN blacklist.user_blacklists AS rule
            ON rule.user_id = device.user_id AND rule.router_id = device.router_id AND rule.device_mac = device.mac
            AND rule.state IN ('applying', 'blocked', 'lifting')
        LEFT JOIN blacklist.holds AS hold ON hold.rule_id = rule.id AND (rule.let_through_at IS NULL OR hold.since > rule.let_through_at)
        LEFT JOIN people.schedules AS schedule ON schedule.id = hold.source_id
        WHERE device.mac IS NOT NULL AND device.router_id = ANY($1)
        ORDER BY hold.created_at
        """;

    private readonly NpgsqlDataSource database = NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "simulator page", MaxPoolSize = 2 }
    );

    /// <summary>The devices of these routers that are somebody's, or held. None while NetPilot has not made its tables, or PostgreSQL is away.</summary>
    public async Task<IReadOnlyList<HouseholdDevice>> ReadAsync(IReadOnlyCollection<string> routerIds, CancellationToken cancellationToken)
    {
        var reasons = new List<(string RouterId, string Mac, string? Person, string? State, string? ByHand, string? Hold)>();
        try
        {
            await using var command = database.CreateCommand(Sql);
            command.Parameters.Add(new NpgsqlParameter { Value = routerIds.ToArray() });
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken))
            {
                reasons.Add((rows.GetString(0), rows.GetString(1), Text(rows, 2), Text(rows, 3), ByHand(rows), Hold(rows)));
            }
        }
        catch (NpgsqlException)
        {
            return [];
        }

        return
        [
            .. reasons
                .Where(reason => reason.Person is not null || reason.State is not null)
                .GroupBy(reason => (reason.RouterId, reason.Mac, reason.Person, reason.State))
                .Select(device => new HouseholdDevice(
                    device.Key.RouterId,
                    device.Key.Mac,
                    device.Key.Person,
                    device.Key.State,
                    [.. device.Select(reason => reason.ByHand).Concat(device.Select(reason => reason.Hold)).OfType<string>().Distinct()]
                )),
        ];
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static string? ByHand(NpgsqlDataReader row) =>
        row.IsDBNull(4) ? null
        : row.GetDateTime(4) is var until && until == DateTime.MaxValue ? "by hand"
        : $"by hand until {Time(until)}";

    private static string? Hold(NpgsqlDataReader row) =>
        row.IsDBNull(5)
            ? null
            : (row.GetString(5) == "pause" ? "pause" : $"schedule {Text(row, 6)}".TrimEnd())
                + (row.IsDBNull(7) ? "" : $" until {Time(row.GetDateTime(7))}");

    private static string Time(DateTime utc) => utc.ToLocalTime().ToString("d MMM HH:mm", CultureInfo.InvariantCulture);
}
