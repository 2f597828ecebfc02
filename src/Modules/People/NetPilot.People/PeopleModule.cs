using Microsoft.Extensions.DependencyInjection;
using NetPilot.People.Features;
using NetPilot.People.Integrations;

namespace NetPilot.People;

public static class PeopleModule
{
    public static IServiceCollection AddPeople(this IServiceCollection services)
    {
        services.AddValidated<PeopleOptions>("People", options => options.Refusals());
        services.AddModuleDbContext<PeopleDbContext>(PeopleDbContext.Schema);
        services.AddSingleton<PeopleStore>().AddSingleton<LeaseReturns>().AddSingleton<PeopleReconciler>().AddSingleton<ServersActivity>();
        services.AddWorker<RunningPlans>().AddWorker<PeopleWorker>();
        services.AddHostedService<DueGauge>();
        services.AddScoped<PeopleChanges>().AddScoped<PersonAnswers>().AddSingleton<ScheduleAnswers>().AddScoped<Membership>();
        services.AddScoped<PersonCommands>();

        services.AddSingleton<PeopleDependents>();
        services.AddSingleton<IRouterDependents>(provider => provider.GetRequiredService<PeopleDependents>());
        services.AddSingleton<IUserDependents>(provider => provider.GetRequiredService<PeopleDependents>());
        services.AddSingleton<IRouterTimeZones, PeopleTimeZones>();
        services.AddSingleton<IDevicePeople, DevicePeople>();
        services.AddSingleton<IDeviceDependents, PeopleDevices>();
        services.AddSingleton<IHoldSources, DueSources>();
        return services;
    }
}
