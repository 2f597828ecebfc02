using System.Diagnostics.Metrics;
using Npgsql;

namespace NetPilot.Background;

/// <summary>
/// A metric that says how many rows there are in each state, counted anew every minute by each replica whose metrics are read. Each replica
/// counts the rows of the whole database, and says so with the label <c>scope="database"</c>: a sum over replicas would count each row several
/// times.
/// </summary>
public abstract class StateGauge<TState> : PeriodicWorker
    where TState : struct, Enum
{
    private readonly NpgsqlDataSource database;
    private readonly string counting;
    private readonly string[] states;
    private readonly Instrument gauge;
    private Measurement<long>[] counted = [];

    /// <param name="instrument">The metric, by OpenTelemetry's conventions.</param>
    /// <param name="states">The states that are told, with 0 where there is no row.</param>
    /// <param name="counting">The statement whose rows are a state's name and its count.</param>
    protected StateGauge(
        GaugeDescription instrument,
        Meter meter,
        IEnumerable<TState> states,
        string counting,
        NpgsqlDataSource database,
        TimeProvider time,
        ILogger logger
    )
        : base(time, logger)
    {
        this.database = database;
        this.counting = counting;
        this.states = [.. states.Select(SnakeCase.Of)];
        gauge = meter.CreateObservableGauge(instrument.Name, () => Volatile.Read(ref counted), instrument.Unit, instrument.Description);
    }

    protected sealed override TimeSpan Interval => TimeSpan.FromMinutes(1);

    protected sealed override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!gauge.Enabled)
        {
            return false;
        }

        var counts = states.ToDictionary(state => state, _ => 0L);
        await using var command = database.Command(counting);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            counts[row.GetString(0)] = row.GetInt64(1);
        }

        Volatile.Write(
            ref counted,
            [.. counts.Select(count => new Measurement<long>(count.Value, new("scope", "database"), new("state", count.Key)))]
        );
        return false;
    }
}

/// <summary>How a metric presents itself.</summary>
public sealed record GaugeDescription(string Name, string Unit, string Description);
