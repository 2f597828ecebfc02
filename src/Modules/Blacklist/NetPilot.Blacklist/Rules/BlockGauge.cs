using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using NetPilot.Background;
using NetPilot.Blacklist.Data;
using Npgsql;

namespace NetPilot.Blacklist.Rules;

/// <summary>How many blocks live, and how many of them are under way.</summary>
internal sealed class BlockGauge(NpgsqlDataSource database, IMeterFactory meters, TimeProvider time, ILogger<BlockGauge> logger)
    : StateGauge<RuleState>(
        new("netpilot.blocks", "{block}", "Live blocks, by state."),
        meters.Create("NetPilot.Blacklist"),
        [RuleState.Applying, RuleState.Blocked, RuleState.Lifting],
        $"SELECT state, count(*) FROM blacklist.user_blacklists WHERE {RuleStates.LiveSql} GROUP BY state",
        database,
        time,
        logger
    );
