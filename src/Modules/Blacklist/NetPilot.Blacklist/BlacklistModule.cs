using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NetPilot.Background;
using NetPilot.Blacklist.Data;
using NetPilot.Blacklist.Features;
using NetPilot.Blacklist.Integrations;
using NetPilot.Blacklist.Rules;
using NetPilot.CommandsClient;
using NetPilot.Devices.Contracts;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Web;

namespace NetPilot.Blacklist;

/// <summary>The module's door to the composition root.</summary>
public static class BlacklistModule
{
    public static IServiceCollection AddBlacklist(this IServiceCollection services)
    {
        services.AddValidated<BlacklistOptions>("Blacklist", options => options.Refusals());
        services.AddModuleDbContext<BlacklistDbContext>(BlacklistDbContext.Schema);

        services.AddSingleton<RuleStore>();
        services.AddSingleton<RuleSignals>();
        services.AddSingleton<RuleCalls>();
        services.AddSingleton<DeviceScans>();
        services.AddSingleton<RuleApplication>();
        services.AddSingleton<RuleLifting>();
        services.AddSingleton<RuleReconciler>();
        services.AddSingleton<BlockSync>();
        services.AddSingleton<RuleMaintenance>();
        services.AddSingleton<RuleCommands>();
        services.AddSingleton(LifecycleOf);
        services.AddWorker<RunningCommands>().AddWorker<SettleWorker>().AddWorker<ExpiryWorker>().AddWorker<DriftWorker>();
        services.AddHostedService<BlockGauge>();
        services.AddScoped<RuleTargets>();

        services.AddScoped<IBlockedDevices, BlockedDevices>();
        services.AddSingleton<IDeviceSightings, DeviceSightings>();
        services.AddSingleton<IRouterDependents, BlacklistDependents>();
        services.AddSingleton<IUserDependents, BlacklistDependents>();
        return services;
    }

    private static RuleLifecycle LifecycleOf(IServiceProvider provider)
    {
        var server = provider.GetRequiredService<IOptions<CommandsServerOptions>>().Value;
        var settle = provider.GetRequiredService<IOptions<BlacklistOptions>>().Value.SettleInterval;
        return new RuleLifecycle(
            server.Timeouts.Command,
            settle,
            verifyAfterApply: server.MatchesAddressesBySubstring,
            Random.Shared.NextDouble
        );
    }
}
