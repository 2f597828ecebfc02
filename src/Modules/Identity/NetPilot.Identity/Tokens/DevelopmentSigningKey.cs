using System.Security.Cryptography;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace NetPilot.Identity.Tokens;

/// <summary>In Development, where no key is configured: one in a git-ignored file, so that logins outlive a restart.</summary>
internal sealed class DevelopmentSigningKey(IHostEnvironment environment) : IPostConfigureOptions<AuthOptions>
{
    public const string FileName = ".signing-key";

    public void PostConfigure(string? name, AuthOptions options)
    {
        if (options.SigningKeys.Count == 0 && environment.IsDevelopment())
        {
            options.SigningKeys.Add(new SigningKeyOptions { Id = "development", Key = ReadOrMake() });
        }
    }

    private string ReadOrMake()
    {
        var path = Path.Combine(environment.ContentRootPath, FileName);
        if (!File.Exists(path))
        {
            Make(path);
        }

        return File.ReadAllText(path).Trim();
    }

    // Written aside and moved into place, so that a second process that starts now never reads half a key.
    private static void Make(string path)
    {
        var aside = $"{path}.{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var writer = new StreamWriter(aside, options))
        {
            writer.WriteLine(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        }

        try
        {
            File.Move(aside, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(aside);
        }
    }
}
