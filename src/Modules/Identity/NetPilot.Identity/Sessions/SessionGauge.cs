namespace NetPilot.Identity.Sessions;

/// <summary>How many sessions there are, by what the Commands-Server knows of them.</summary>
internal sealed class SessionGauge(NpgsqlDataSource database, IMeterFactory meters, TimeProvider time, ILogger<SessionGauge> logger)
    : StateGauge<CommandsState>(
        new("netpilot.sessions", "{session}", "Sessions that live, or whose end is to be delivered, by state."),
        meters.Create(IdentityMeter.Name),
        Enum.GetValues<CommandsState>().Where(state => state != CommandsState.Ended),
        CountSessions.ByState,
        database,
        time,
        logger
    );
