using System.Diagnostics.Metrics;

namespace NetPilot.Blacklist.Settling;

/// <summary>How many blocks live, and how many of them are under way.</summary>
internal sealed class BlockGauge(NpgsqlDataSource database, IMeterFactory meters, TimeProvider time, ILogger<BlockGauge> logger)
    : StateGauge<RuleState>(
        new("netpilot.blocks", "{block}", "Live blocks, by state."),
        meters.Create("NetPilot.Blacklist"),
        [RuleState.Applying, RuleState.InForce, RuleState.Lifting],
        CountLiveBlocks.Sql,
        database,
        time,
        logger
    );
