using System.Security.Cryptography;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Options;
using NetPilot.Identity.Abuse;
using NetPilot.Identity.Integrations;
using NetPilot.Identity.Mails;
using NetPilot.Identity.Sessions;
using NetPilot.Identity.Tokens;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests;

/// <summary>Every refused setting is named by its key, and no refusal repeats a secret.</summary>
public sealed class SettingsTests
{
    private static readonly string Key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    [Fact]
    public void Good_settings_pass() => Refusal(With(_ => { })).ShouldBeNull();

    [Fact]
    public void A_bad_auth_setting_is_named()
    {
        Refusal(With(auth => auth.SigningKeys.Clear())).ShouldStartWith("Auth:SigningKeys is missing");
        Refusal(With(auth => auth.SigningKeys.Add(new() { Id = "second", Key = "short" }))).ShouldStartWith("Auth:SigningKeys:1:Key");
        Refusal(With(auth => auth.SigningKeys.Add(new() { Id = "second", Key = Convert.ToBase64String(new byte[31]) })))
            .ShouldStartWith("Auth:SigningKeys:1:Key");
        Refusal(With(auth => auth.SigningKeys.Add(new() { Id = "first", Key = Key }))).ShouldStartWith("Auth:SigningKeys:1:Id");
        Refusal(With(auth => auth.SigningKeys[0].Id = "")).ShouldStartWith("Auth:SigningKeys:0:Id");
        Refusal(With(auth => auth.Issuer = " ")).ShouldStartWith("Auth:Issuer");
        Refusal(With(auth => auth.Audience = "")).ShouldStartWith("Auth:Audience");
        Refusal(With(auth => auth.AccessTokenLifetime = TimeSpan.Zero)).ShouldStartWith("Auth:AccessTokenLifetime");
        Refusal(With(auth => auth.RefreshTokenLifetime = TimeSpan.FromSeconds(-1))).ShouldStartWith("Auth:RefreshTokenLifetime");
        Refusal(With(auth => auth.SessionLifetime = TimeSpan.MaxValue)).ShouldStartWith("Auth:SessionLifetime");
        Refusal(With(auth => auth.Argon2.MemoryKiB = 8)).ShouldStartWith("Auth:Argon2:MemoryKiB must be between 7168 and");
        Refusal(With(auth => auth.Argon2.MemoryKiB = 7167)).ShouldStartWith("Auth:Argon2:MemoryKiB");
        Refusal(With(auth => auth.Argon2.MemoryKiB = 2_000_000)).ShouldStartWith("Auth:Argon2:MemoryKiB");
        Refusal(With(auth => auth.Argon2.MemoryKiB = 7168)).ShouldBeNull();
        Refusal(With(auth => auth.Argon2.Passes = 0)).ShouldStartWith("Auth:Argon2:Passes");
        Refusal(With(auth => auth.Argon2.Niceness = -1)).ShouldBe("Auth:Argon2:Niceness must be between 0 and 19.");
        Refusal(With(auth => auth.Argon2.Niceness = 20)).ShouldBe("Auth:Argon2:Niceness must be between 0 and 19.");
        Refusal(With(auth => auth.Argon2.Niceness = 0)).ShouldBeNull();
    }

    [Fact]
    public void A_refusal_does_not_repeat_the_key() =>
        Refusal(With(auth => auth.SigningKeys[0].Key = "c2VjcmV0LXNlY3JldA=="))!.ShouldNotContain("c2VjcmV0");

    [Fact]
    public void Other_bad_settings_are_named()
    {
        new SweepOptions { SweepInterval = TimeSpan.Zero }
            .Refusals()
            .ShouldHaveSingleItem()
            .ShouldStartWith("Sessions:SweepInterval");
        new LoginLimitOptions { LoginFailuresPerAccount = 0 }
            .Refusals()
            .ShouldHaveSingleItem()
            .ShouldStartWith("RateLimits:LoginFailuresPerAccount");
        new LoginLimitOptions { LoginFailuresPerAddress = 0 }
            .Refusals()
            .ShouldHaveSingleItem()
            .ShouldStartWith("RateLimits:LoginFailuresPerAddress");
        new LoginLimitOptions { AuthFailuresPerAddress = 0 }
            .Refusals()
            .ShouldHaveSingleItem()
            .ShouldStartWith("RateLimits:AuthFailuresPerAddress");
        new TiersOptions { Pro = new() { MaxBlocks = -1 } }
            .Refusals()
            .ShouldHaveSingleItem()
            .ShouldStartWith("Tiers:pro:MaxBlocks");
        Mail(mail => mail.From = "nobody").ShouldStartWith("Mail:From");
        Mail(mail => mail.From = null).ShouldStartWith("Mail:From");
        Mail(mail => mail.From = "").ShouldStartWith("Mail:From");
        Mail(mail => mail.ResetUrl = null).ShouldStartWith("Mail:ResetUrl");
        Mail(mail => mail.ResetUrl = "javascript:alert(1)").ShouldStartWith("Mail:ResetUrl");
        Mail(mail => mail.ResetUrl = "https://app.example.test/#reset").ShouldStartWith("Mail:ResetUrl");
        Mail(mail => mail.ResetUrl = "https://app.example.test/reset\n").ShouldStartWith("Mail:ResetUrl");
        Mail(mail => mail.Smtp.Port = 0).ShouldStartWith("Mail:Smtp:Port");
        Mail(mail => mail.Smtp.LocalDomain = "").ShouldBeNull();
        Mail(mail => mail.Smtp.LocalDomain = "mail.example.test\r\nRSET").ShouldStartWith("Mail:Smtp:LocalDomain");
        Mail(mail => mail.Smtp.LocalDomain = "mail.example.test").ShouldBeNull();
        Mail(mail => mail.Smtp.User = "user").ShouldStartWith("Mail:Smtp:User");
        Mail(mail => (mail.Smtp.User, mail.Smtp.Password) = ("user", "")).ShouldStartWith("Mail:Smtp:User");
        Mail(mail => (mail.Smtp.User, mail.Smtp.Password) = ("", "password")).ShouldStartWith("Mail:Smtp:User");
        Mail(mail => (mail.Smtp.User, mail.Smtp.Password) = ("", null)).ShouldBeNull();
        Mail(mail => (mail.Smtp.User, mail.Smtp.Password) = ("", "")).ShouldBeNull();
        Mail(mail => mail.Smtp.Host = "smtp://mail.example.test").ShouldStartWith("Mail:Smtp:Host");
        Mail(mail => mail.Smtp.Host = "mail example").ShouldStartWith("Mail:Smtp:Host");
        Mail(mail => mail.Smtp.Host = "mail.example.test:587").ShouldStartWith("Mail:Smtp:Host");
        Mail(mail => mail.Smtp.Host = "mail_server").ShouldBeNull();
        Mail(mail => mail.Smtp.Host = "::1").ShouldBeNull();
        Mail(mail => mail.Smtp.Host = null).ShouldBeNull();
        Mail(_ => { }).ShouldBeNull();
    }

    [Fact]
    public void Settings_of_mail_are_checked_without_a_mail_server_too_where_they_are_set()
    {
        Unsent(mail => mail.Smtp.Port = 70000).ShouldStartWith("Mail:Smtp:Port");
        Unsent(mail => mail.Smtp.LocalDomain = "mail example").ShouldStartWith("Mail:Smtp:LocalDomain");
        Unsent(mail => mail.Smtp.User = "user").ShouldStartWith("Mail:Smtp:User");
        Unsent(mail => mail.From = "nobody").ShouldBe("Mail:From must be an e-mail address.");
        Unsent(mail => mail.ResetUrl = "javascript:alert(1)").ShouldStartWith("Mail:ResetUrl");
        Unsent(mail => mail.From = mail.ResetUrl = null).ShouldBeNull();
        Unsent(mail => mail.From = mail.ResetUrl = "").ShouldBeNull();
        Unsent(mail => (mail.From, mail.Smtp.Port) = ("nobody", 0))
            .ShouldBe("Mail:Smtp:Port must be between 1 and 65535.; Mail:From must be an e-mail address.");

        static string? Unsent(Action<MailOptions> change) =>
            Mail(mail =>
            {
                mail.Smtp.Host = null;
                change(mail);
            });
    }

    [Fact]
    public void In_development_a_key_is_made_once_that_only_its_owner_reads()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var key = MadeIn(folder, "Development").ShouldHaveSingleItem().Key;
            Convert.FromBase64String(key).Length.ShouldBe(32);
            MadeIn(folder, "Development").ShouldHaveSingleItem().Key.ShouldBe(key);
            folder.GetFiles().ShouldHaveSingleItem().Name.ShouldBe(".signing-key");
            if (!OperatingSystem.IsWindows())
            {
                File.GetUnixFileMode(folder.GetFiles()[0].FullName).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            MadeIn(folder, "Production").ShouldBeEmpty();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void In_development_a_folder_that_takes_no_key_is_told_with_the_setting()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            // A folder in the key's place is refused to everybody, root too.
            folder.CreateSubdirectory(".signing-key");
            RefusalIn(folder).ShouldStartWith($"Auth:SigningKeys is missing, and {folder.FullName}");
            RefusalIn(new DirectoryInfo(Path.Combine(folder.FullName, "nowhere"))).ShouldStartWith("Auth:SigningKeys is missing, and");
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        static string RefusalIn(DirectoryInfo folder) =>
            Should.Throw<OptionsValidationException>(() => MadeIn(folder, "Development")).Failures.ShouldHaveSingleItem();
    }

    [Fact]
    public void Processes_that_start_together_in_development_agree_on_one_key()
    {
        var parent = Directory.CreateTempSubdirectory();
        try
        {
            for (var round = 0; round < 100; round++)
            {
                var folder = parent.CreateSubdirectory($"{round}");
                var keys = new string[8];
                Parallel.For(
                    0,
                    keys.Length,
                    new() { MaxDegreeOfParallelism = keys.Length },
                    i => keys[i] = MadeIn(folder, "Development")[0].Key
                );
                keys.Distinct().ShouldHaveSingleItem();
            }
        }
        finally
        {
            parent.Delete(recursive: true);
        }
    }

    private static List<SigningKeyOptions> MadeIn(DirectoryInfo folder, string environment)
    {
        var options = new AuthOptions();
        var host = new HostingEnvironment { EnvironmentName = environment, ContentRootPath = folder.FullName };
        new DevelopmentSigningKey(host).PostConfigure(null, options);
        return options.SigningKeys;
    }

    private static AuthOptions With(Action<AuthOptions> change)
    {
        var options = new AuthOptions
        {
            SigningKeys =
            {
                new() { Id = "first", Key = Key },
            },
        };
        change(options);
        return options;
    }

    private static string? Refusal(AuthOptions options) => Joined(options.Refusals());

    private static string? Mail(Action<MailOptions> change)
    {
        var mail = new MailOptions
        {
            From = "NetPilot <noreply@example.test>",
            ResetUrl = "https://app.example.test/reset",
            Smtp = { Host = "localhost" },
        };
        change(mail);
        return Joined(mail.Refusals());
    }

    private static string? Joined(IEnumerable<string> refusals) =>
        refusals.ToArray() is { Length: > 0 } all ? string.Join("; ", all) : null;
}
