using Microsoft.Extensions.DependencyInjection;
using NetPilot.Blacklist.Features;
using NetPilot.Blacklist.Features.BatchBlocks;
using NetPilot.Blacklist.Features.ListBlocks;
using NetPilot.Blacklist.Integrations;

namespace NetPilot.Blacklist;

public static class BlacklistModule
{
    public static IServiceCollection AddBlacklist(this IServiceCollection services)
    {
        services.AddValidated<BlacklistOptions>("Blacklist", options => options.Refusals());
        services.AddModuleDbContext<BlacklistDbContext>(BlacklistDbContext.Schema);

        services.AddSingleton(PacingOf).AddSingleton<RuleIntents>().AddSingleton(OutcomesOf);
        services.AddSingleton<RuleStore>().AddSingleton<RuleSignals>().AddSingleton<RuleWriter>();
        services.AddSingleton<RuleTurns>().AddSingleton<RuleApplication>().AddSingleton<RulePlaces>().AddSingleton<RuleLandings>();
        services.AddSingleton<RuleLifting>().AddSingleton<MisdirectedRules>();
        services
            .AddSingleton<MergedRows>()
            .AddSingleton<ReconciliationSteps>()
            .AddSingleton<RuleReconciler>()
            .AddSingleton<BlockSync>()
            .AddSingleton<RuleMaintenance>();
        services
            .AddSingleton<CommandRunner>()
            .AddSingleton<PutInForce>()
            .AddSingleton<Lift>()
            .AddSingleton<TurnRound>()
            .AddSingleton<Join>()
            .AddSingleton<SurplusLifting>();
        services
            .AddSingleton<RuleCommands>()
            .AddSingleton<BlockMoves>()
            .AddSingleton<HoldPlacing>()
            .AddSingleton<HoldRefusals>()
            .AddSingleton<IDeviceHolds, HoldCommands>();
        services.AddWorker<RunningCommands>().AddWorker<SettleWorker>().AddWorker<ExpiryWorker>().AddWorker<DriftWorker>();
        services.AddHostedService<BlockGauge>();
        services.AddScoped<RuleTargets>().AddSingleton<BlockAnswers>().AddScoped<BlockBatches>();

        // In this order: the second goes by what the statement of the first leaves in the batch.
        services.AddSingleton<IRequestReads, FirstBlocks>();
        services.AddSingleton<IRequestReads, FirstBlocksDevices>();
        services.AddScoped<IBlockedDevices, BlockedDevices>();
        services.AddSingleton<IDeviceSightings, DeviceSightings>();
        services.AddSingleton<IDeviceDependents, DeviceBlocks>();
        services.AddSingleton<IRouterDependents, BlacklistDependents>();
        services.AddSingleton<IUserDependents, BlacklistDependents>();
        return services;
    }

    private static RulePacing PacingOf(IServiceProvider provider) =>
        new(
            provider.GetRequiredService<IOptions<CommandsServerOptions>>().Value.Timeouts.Command,
            provider.GetRequiredService<IOptions<BlacklistOptions>>().Value,
            Random.Shared.NextDouble
        );

    private static RuleOutcomes OutcomesOf(IServiceProvider provider) =>
        new(
            provider.GetRequiredService<RulePacing>(),
            verifyAfterApply: provider.GetRequiredService<IOptions<CommandsServerOptions>>().Value.MatchesAddressesBySubstring
        );
}
