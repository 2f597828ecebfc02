using Microsoft.Extensions.Configuration.Json;

namespace NetPilot.Host.Startup;

/// <summary>
/// A null in a settings file is as if the key were not there. The binder would take it for a value: for none where a text or a section is needed,
/// and for zero, or false, where a number or a switch has another default.
/// </summary>
internal static class SettingsFiles
{
    /// <summary>Leaves out the nulls of our sections. Elsewhere they may mean something, such as no limit to Kestrel.</summary>
    public static void LeaveOutNulls(this IConfigurationBuilder configuration)
    {
        for (var i = 0; i < configuration.Sources.Count; i++)
        {
            if (configuration.Sources[i] is JsonConfigurationSource file)
            {
                configuration.Sources[i] = new Source
                {
                    FileProvider = file.FileProvider,
                    Path = file.Path!,
                    Optional = file.Optional,
                    ReloadOnChange = file.ReloadOnChange,
                    ReloadDelay = file.ReloadDelay,
                    OnLoadException = file.OnLoadException,
                };
            }
        }
    }

    private sealed class Source : JsonConfigurationSource
    {
        public override IConfigurationProvider Build(IConfigurationBuilder builder)
        {
            EnsureDefaults(builder);
            return new Provider(this);
        }
    }

    private sealed class Provider(JsonConfigurationSource source) : JsonConfigurationProvider(source)
    {
        public override void Load(Stream stream)
        {
            base.Load(stream);
            foreach (
                var key in Data.Where(setting => setting.Value is null && UnreadSettings.IsOurs(setting.Key))
                    .Select(setting => setting.Key)
                    .ToArray()
            )
            {
                Data.Remove(key);
            }
        }
    }
}
