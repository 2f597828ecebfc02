using System.Diagnostics.Metrics;
using NetPilot.Identity.Data;
using Npgsql;

namespace NetPilot.Identity.Sessions;

/// <summary>The metric <c>netpilot.sessions</c>: how many sessions there are, by what the Commands-Server knows of them.</summary>
internal sealed class SessionGauge
{
    private readonly NpgsqlDataSource database;
    private Measurement<long>[] counted = [];

    public SessionGauge(NpgsqlDataSource database, IMeterFactory meters)
    {
        this.database = database;
        meters
            .Create(IdentityMeter.Name)
            .CreateObservableGauge(
                "netpilot.sessions",
                () => Volatile.Read(ref counted),
                "{session}",
                "Sessions that live, or whose end is to be delivered, by state."
            );
    }

    /// <summary>Counts them anew, for all who ask until the next time.</summary>
    public async Task CountAsync(CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            """
            SELECT commands_state, count(*) FROM identity.sessions
            WHERE ended_at IS NULL OR commands_state = 'ending'
            GROUP BY commands_state
            """
        );
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var states = Enum.GetValues<CommandsState>()
            .Where(state => state != CommandsState.Ended)
            .ToDictionary(state => state.ToText(), _ => 0L);
        while (await rows.ReadAsync(cancellationToken))
        {
            states[rows.GetString(0)] = rows.GetInt64(1);
        }

        Volatile.Write(
            ref counted,
            [.. states.Select(state => new Measurement<long>(state.Value, new KeyValuePair<string, object?>("state", state.Key)))]
        );
    }
}
