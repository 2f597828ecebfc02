using NetPilot.Blacklist;
using NetPilot.Devices;
using NetPilot.Identity;
using NetPilot.People;

namespace NetPilot.Host;

/// <summary>The modules, by name: what is not listed here is not in the server.</summary>
internal static class ModulesRegistry
{
    public static readonly Assembly[] Assemblies =
    [
        typeof(IdentityModule).Assembly,
        typeof(RoutersModule).Assembly,
        typeof(DevicesModule).Assembly,
        typeof(BlacklistModule).Assembly,
        typeof(PeopleModule).Assembly,
    ];

    /// <summary>From the lowest to the highest, which is the order that <see cref="Identity.Contracts.IUserDependents"/> relies on.</summary>
    public static IServiceCollection AddModules(this IServiceCollection services) =>
        services.AddIdentity().AddRouters().AddDevices().AddBlacklist().AddPeople();
}
