using NetPilot.Devices.Features;
using NetPilot.Devices.Features.ListDevices;
using NetPilot.Devices.Features.ScanDevices;

namespace NetPilot.Devices;

public static class DevicesModule
{
    public static IServiceCollection AddDevices(this IServiceCollection services)
    {
        services.AddModuleDbContext<DevicesDbContext>(DevicesDbContext.Schema);
        services.AddSingleton<IDeviceDirectory, DeviceDirectory>();
        services.AddSingleton<DeviceDependents>();
        services.AddSingleton<IRouterDependents>(provider => provider.GetRequiredService<DeviceDependents>());
        services.AddSingleton<IUserDependents>(provider => provider.GetRequiredService<DeviceDependents>());
        services.AddSingleton<IRequestReads, FirstDevices>();
        services.AddSingleton<NamedDevice>();
        services.AddSingleton<IRequestReads>(provider => provider.GetRequiredService<NamedDevice>());
        services.AddSingleton<DependentsOfDevices>();
        services.AddSingleton<DeviceChanges>();
        services.AddScoped<OwnedDevices>();
        services.AddScoped<DeviceDetails>();
        services.AddSingleton<StoreScan>();
        services.AddSingleton<ScanRecorder>();
        services.AddSingleton<IDeviceScans>(provider => provider.GetRequiredService<ScanRecorder>());
        return services;
    }
}
