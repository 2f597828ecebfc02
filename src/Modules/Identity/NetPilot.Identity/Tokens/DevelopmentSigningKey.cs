namespace NetPilot.Identity.Tokens;

/// <summary>In Development without a configured key: keeps a key in a file that git ignores, so that logins survive a restart.</summary>
internal sealed class DevelopmentSigningKey(IHostEnvironment environment) : IPostConfigureOptions<AuthOptions>
{
    public const string FileName = ".signing-key";

    private static readonly TimeSpan OtherProcess = TimeSpan.FromSeconds(5);

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
        string? key = null;
        try
        {
            SpinWait.SpinUntil(() => (key = Read(path) ?? Make(path)) is not null, OtherProcess);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Missing($"{path}, which is to hold one in Development, cannot be used: {exception.Message}");
        }

        return key ?? throw Missing($"another process holds {path}, which is to hold one in Development.");
    }

    private static OptionsValidationException Missing(string reason) =>
        new(Options.DefaultName, typeof(AuthOptions), [$"Auth:SigningKeys is missing, and {reason}"]);

    // Null if there is none yet, or if another process is writing it.
    private static string? Read(string path)
    {
        try
        {
            return File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } key ? key : null;
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    // The file is opened exclusively, because a move without overwriting is a check and a rename on Unix, between which another process may
    // write its own. Null if another process holds the file.
    private static string? Make(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using var file = new FileStream(path, options);
            if (file.Length > 0)
            {
                return null;
            }

            var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(AuthOptionsRules.MinKeyBytes));
            file.Write(Encoding.ASCII.GetBytes(key));
            return key;
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }
}
