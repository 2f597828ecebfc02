using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using NetPilot.DevStack;
using NetPilot.Host.CommandLine;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>Whole processes: what one sees who starts the server.</summary>
[OneDialect]
public sealed class StartupTests(NetPilotServer server) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ConnectionStrings:NetPilot", "")]
    [InlineData("ConnectionStrings:NetPilot", "nonsense")]
    [InlineData("ConnectionStrings:NetPilotMigrations", "Database=x")]
    [InlineData("ConnectionStrings:NetPilot", "Host=127.0.0.1;Target Session Attributes=primary")]
    [InlineData("ConnectionStrings:NetPilotMigrations", "Host=127.0.0.1;Target Session Attributes=primary")]
    [InlineData("ConnectionStrings:NetPilot", "Host=127.0.0.1;Target Session Attributes=nonsense")]
    [InlineData("ConnectionStrings:NetPilot", "Host=127.0.0.1;Port=0")]
    [InlineData("ConnectionStrings:NetPilot", "Host=127.0.0.1,127.0.0.2;Multiplexing=true")]
    [InlineData("ConnectionStrings:NetPilot", "Host=127.0.0.1;Minimum Pool Size=9;Maximum Pool Size=3")]
    [InlineData("Database:Pooler", "session")]
    [InlineData("Database:Pooler", "1")]
    [InlineData("Database:Pooler", "none,transaction")]
    [InlineData("CommandsServer:Dialect", "1")]
    [InlineData("Auth:AccessTokenLifetime", "soon")]
    [InlineData("CommandsServer:Dialect", "esperanto")]
    [InlineData("RateLimits:RequestsPerMinute", "many")]
    [InlineData("Swagger:Enabled", "perhaps")]
    [InlineData("CommandsServer:Timeouts:Command", "00:00:00")]
    [InlineData("CommandsServer:BaseUrl", "http://commands.example.com")]
    [InlineData("Metrics:Port", "70000")]
    [InlineData("Shutdown:DrainDelay", "-00:00:01")]
    [InlineData("Serilog:MinimumLevel:Default", "loud")]
    [InlineData("Serilog:ConsoleFormat", "xml")]
    [InlineData("Kestrel:Endpoints:Api:Url", "nonsense")]
    [InlineData("Kestrel:Endpoints:Api:Url", "http://127.0.0.1:abc")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "localhost:4317")]
    public async Task A_bad_setting_ends_the_start_with_one_sentence_that_names_it(string key, string value)
    {
        await using var process = NetPilotProcess.Launch(With(key, value));

        (await process.WaitForExitAsync(Ct)).ShouldBe(1, string.Join('\n', process.Output));
        var line = process.Output.ShouldHaveSingleItem();
        line.ShouldStartWith("NetPilot did not start: ");
        line.ShouldContain(key);
        line.ShouldNotContain("Exception");
    }

    [Fact]
    public async Task Settings_of_which_several_are_bad_are_all_named_at_once()
    {
        var bad = new Dictionary<string, string?>
        {
            ["Auth:SigningKeys:0:Key"] = "c2hvcnQ=",
            ["Auth:AccessTokenLifetime"] = "-00:01:00",
            ["Sessions:SweepInterval"] = "00:00:00",
            ["Blacklist:SettleInterval"] = "00:00:00.0000001",
            ["Blacklist:DriftCheckInterval"] = "00:00:00.049",
            ["Blacklist:ExpiryInterval"] = "1",
            ["People:ScheduleInterval"] = "01:00:00.001",
            ["Mail:Smtp:Port"] = "70000",
            ["Mail:From"] = "nobody",
            ["Tiers:free:MaxBlocks"] = "-1",
            ["RateLimits:AuthPerMinute"] = "0",
            ["ForwardedHeaders:KnownProxies:3"] = "proxy.example.com",
            ["ForwardedHeaders:KnownNetworks:1"] = "10.0.0.0",
            ["Cors:Origins:2"] = "*",
            ["Cors:Origins:10"] = "https://app.example.com/",
            ["Metrics:Token"] = "token\n",
        };
        var settings = new Dictionary<string, string?>(server.Settings);
        foreach (var (key, value) in bad)
        {
            settings[key] = value;
        }

        await using var process = NetPilotProcess.Launch(settings);

        (await process.WaitForExitAsync(Ct)).ShouldBe(1, string.Join('\n', process.Output));
        var line = process.Output.ShouldHaveSingleItem();
        line.ShouldStartWith("NetPilot did not start: ");
        line.ShouldNotContain("Exception");
        bad.Keys.Where(key => !line.Contains(key, StringComparison.Ordinal)).ShouldBeEmpty(line);
    }

    [Fact]
    public async Task A_list_or_a_group_that_is_set_as_one_value_ends_the_start()
    {
        var bad = new Dictionary<string, string?>
        {
            ["ForwardedHeaders:KnownProxies"] = "10.0.0.5",
            ["Cors:Origins"] = "https://app.example.com",
            ["CommandsServer:Timeouts"] = "00:01:00",
            ["CommandsServer:Paths"] = "/api/v1",
            ["Auth:SigningKeys"] = "0123456789abcdef0123456789abcdef0123456789abcdef",
            ["Auth:Argon2"] = "19456",
            ["Mail:Smtp"] = "mail.example.com",
            ["Tiers:free"] = "25",
        };
        var settings = new Dictionary<string, string?>(server.Settings) { ["ForwardedHeaders:KnownNetworks"] = "" };
        foreach (var (key, value) in bad)
        {
            settings[key] = value;
        }

        await using var process = NetPilotProcess.Launch(settings);

        (await process.WaitForExitAsync(Ct)).ShouldBe(1, string.Join('\n', process.Output));
        var line = process.Output.ShouldHaveSingleItem();
        line.ShouldStartWith("NetPilot did not start: ");
        bad.Keys.Where(key => !line.Contains($"{key} is no single value", StringComparison.Ordinal)).ShouldBeEmpty(line);
        line.ShouldContain("such as Cors:Origins:0.");
        line.ShouldNotContain("KnownNetworks");
        line.ShouldNotContain("0123456789abcdef");
    }

    [Fact]
    public async Task A_null_in_a_settings_file_is_as_if_the_key_were_not_there()
    {
        await using var process = LaunchWithFile(
            """
            {
              "Activity": { "Retention": null },
              "Auth": { "AccessTokenLifetime": null, "Argon2": null, "Audience": null, "Issuer": null },
              "Blacklist": { "DriftCheckInterval": null },
              "CommandsServer": { "ApiKey": null, "CircuitFaults": null, "Paths": { "Block": null }, "Timeouts": null },
              "Cors": { "Origins": [null] },
              "Database": { "MigrateOnStart": null, "Pooler": null },
              "ForwardedHeaders": { "KnownNetworks": [], "KnownProxies": null },
              "Mail": { "From": null, "ResetUrl": null, "Smtp": null },
              "Metrics": null,
              "RateLimits": { "LoginFailuresPerAccount": null, "RequestsPerMinute": null },
              "Routers": { "ClaimsPerHour": null },
              "Swagger": { "Enabled": null },
              "Tiers": { "free": null, "pro": {} }
            }
            """,
            without: ["Auth:Argon2"]
        );

        await process.WaitUntilReadyAsync(Ct);
        using var client = process.NewClient();
        using var document = await client.GetAsync("/openapi/v1.json", Ct);
        await document.ShouldHaveStatusAsync(200);
    }

    [Fact]
    public async Task A_null_where_a_value_is_needed_ends_the_start_with_a_sentence_that_names_it()
    {
        await using var process = LaunchWithFile(
            """{ "Auth": { "SigningKeys": [{ "Id": "first", "Key": null }, null] } }""",
            without: ["Auth:SigningKeys"]
        );

        (await process.WaitForExitAsync(Ct)).ShouldBe(1, string.Join('\n', process.Output));
        process.Output.ShouldHaveSingleItem().ShouldStartWith("NetPilot did not start: Auth:SigningKeys:0:Key ");
    }

    [Fact]
    public async Task Statements_cannot_be_prepared_behind_a_pooler_that_changes_sessions()
    {
        var settings = With("Database:Pooler", "transaction");
        settings["ConnectionStrings:NetPilot"] += ";Max Auto Prepare=20";
        await using var process = NetPilotProcess.Launch(settings);

        (await process.WaitForExitAsync(Ct)).ShouldBe(1);
        process.Output.ShouldHaveSingleItem().ShouldContain("ConnectionStrings:NetPilot has Max Auto Prepare");
    }

    [Fact]
    public async Task The_sentence_does_not_repeat_a_password()
    {
        await using var process = NetPilotProcess.Launch(
            With("ConnectionStrings:NetPilot", "Host=127.0.0.1;Password=hunter2-hunter2;Nonsense=1")
        );

        (await process.WaitForExitAsync(Ct)).ShouldBe(1);
        string.Join('\n', process.Output).ShouldNotContain("hunter2");
    }

    [Fact]
    public async Task A_port_that_is_taken_ends_the_start_with_one_sentence()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var process = NetPilotProcess.Launch(With("urls", $"http://127.0.0.1:{port}"), ["--urls", $"http://127.0.0.1:{port}"]);

        (await process.WaitForExitAsync(Ct)).ShouldBe(1, string.Join('\n', process.Output));
        process.Output.ShouldContain(line =>
            line.StartsWith("NetPilot did not start: ", StringComparison.Ordinal) && line.Contains($":{port}")
        );
        process.Output.ShouldNotContain(line => line.Contains("   at ", StringComparison.Ordinal), string.Join('\n', process.Output));
    }

    [Fact]
    public async Task A_PostgreSQL_that_refuses_the_password_ends_the_start_at_once()
    {
        var wrong = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "wrong-wrong" }.ConnectionString;
        await using var process = NetPilotProcess.Launch(With("ConnectionStrings:NetPilot", wrong));

        (await process.WaitForExitAsync(Ct)).ShouldBe(1);
        var line = process.Output.Single(IsSentence);
        line.ShouldContain("ConnectionStrings:NetPilot");
        line.ShouldContain("password authentication failed");
        process.Output.ShouldNotContain(line => line.Contains("wrong-wrong", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_first_admin_is_made_on_the_command_line()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        using var before = await user.Http.GetAsync("/api/v1/admin/users", Ct);
        await before.ShouldBeProblemAsync(403, "forbidden");

        await using var grant = NetPilotProcess.Launch(server.Settings, ["admin", "grant", user.Email.ToUpperInvariant()]);
        (await grant.WaitForExitAsync(Ct)).ShouldBe(0);
        grant.Output.ShouldHaveSingleItem().ShouldContain(user.Email);

        // The role is read with every request: the same token will do.
        using var after = await user.Http.GetAsync("/api/v1/admin/users", Ct);
        await after.ShouldBeJsonAsync(200);

        await using var unknown = NetPilotProcess.Launch(server.Settings, ["admin", "grant", TestUsers.NewEmail()]);
        (await unknown.WaitForExitAsync(Ct)).ShouldBe(1);
        await using var misspelt = NetPilotProcess.Launch(server.Settings, ["admin", "grand", user.Email]);
        (await misspelt.WaitForExitAsync(Ct)).ShouldBe(2);
        misspelt.Output.ShouldHaveSingleItem().ShouldStartWith("Usage:");
    }

    [Theory]
    [InlineData("CommandServer:BaseUrl", "CommandsServer:BaseUrl")]
    [InlineData("CommandsServer:BaseUrll", "CommandsServer:BaseUrl")]
    [InlineData("Auth:SigningKeys:0:Kye", "Auth:SigningKeys:0:Key")]
    [InlineData("ConnectionStrings:NetPilotMigration", "ConnectionStrings:NetPilotMigrations")]
    [InlineData("Rate_Limits:Enabled", "RateLimits:Enabled")]
    public async Task A_key_that_nobody_reads_ends_the_start_with_the_right_one(string key, string right)
    {
        await using var process = NetPilotProcess.Launch(With(key, "x"));

        (await process.WaitForExitAsync(Ct)).ShouldBe(1, string.Join('\n', process.Output));
        process.Output.ShouldHaveSingleItem().ShouldBe($"NetPilot did not start: {key} is no setting of NetPilot: {right} is meant?");
    }

    [Fact]
    public async Task Keys_of_others_are_none_of_ours()
    {
        await using var process = await server.StartReplicaAsync(
            new Dictionary<string, string?>
            {
                ["Logging:LogLevel:Default"] = "Debug",
                ["Serilog:Properties:Site"] = "north",
                ["Kestrel:Limits:MaxConcurrentConnections"] = "1000",
                ["ConnectionStrings:Reports"] = "Host=elsewhere",
                ["Core:Endpoint"] = "https://core.example.com",
                ["Metric:Sink"] = "x",
                ["MAIL"] = "/var/mail/netpilot",
                ["OTEL_SERVICE_NAME"] = "netpilot",
                ["CommandsServer:Paths:Block"] = "/api/v1/block",
            },
            Ct
        );
        await process.WaitForOutputAsync("Application started", Ct);
    }

    [Theory]
    [InlineData("nonsense", null)]
    [InlineData("nonsense", "9464")]
    [InlineData("http://127.0.0.1:99999", null)]
    [InlineData("http://127.0.0.1:abc", null)]
    [InlineData("http://127.0.0.1:abc", "9464")]
    public async Task An_address_that_is_none_ends_the_start_with_one_sentence(string address, string? metricsPort)
    {
        var settings = With("ASPNETCORE_URLS", address);
        settings["Metrics:Port"] = metricsPort;
        await using var process = NetPilotProcess.Launch(settings);

        (await process.WaitForExitAsync(Ct)).ShouldBe(1, string.Join('\n', process.Output));
        var line = process.Output.ShouldHaveSingleItem();
        line.ShouldStartWith("NetPilot did not start: ASPNETCORE_URLS (or --urls)");
        line.ShouldContain(address);
    }

    [Theory]
    [InlineData("ASPNETCORE_HTTP_PORTS", "abc", null)]
    [InlineData("ASPNETCORE_HTTP_PORTS", "8080;99999", null)]
    [InlineData("ASPNETCORE_HTTP_PORTS", "abc", "9464")]
    [InlineData("ASPNETCORE_HTTPS_PORTS", "-1", null)]
    public async Task A_port_that_is_none_ends_the_start_with_one_sentence(string key, string ports, string? metricsPort)
    {
        var settings = With(key, ports);
        settings["ASPNETCORE_URLS"] = null;
        settings["Metrics:Port"] = metricsPort;
        await using var process = NetPilotProcess.Launch(settings);

        (await process.WaitForExitAsync(Ct)).ShouldBe(1, string.Join('\n', process.Output));
        var line = process.Output.ShouldHaveSingleItem();
        line.ShouldStartWith($"NetPilot did not start: {key} (or --");
        line.ShouldEndWith($"has \"{ports.Split(';')[^1]}\", which is no port, such as 8080.");
    }

    [Fact]
    public async Task A_port_for_metrics_is_added_to_the_addresses_also_where_one_of_their_settings_is_empty()
    {
        var (port, metricsPort) = (LoopbackPorts.Take(), LoopbackPorts.Take());
        var settings = With("ASPNETCORE_URLS", "");
        settings["ASPNETCORE_HTTP_PORTS"] = $"{port}";
        settings["Metrics:Port"] = $"{metricsPort}";
        settings["Metrics:Token"] = null;
        await using var process = NetPilotProcess.Launch(settings);
        await process.WaitForOutputAsync("Application started", Ct);

        using var client = new HttpClient();
        using var live = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/health/live"), Ct);
        await live.ShouldHaveStatusAsync(200);
        using var metrics = await client.GetAsync(new Uri($"http://127.0.0.1:{metricsPort}/metrics"), Ct);
        await metrics.ShouldHaveStatusAsync(200);
    }

    [Theory]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:0;http://127.0.0.1:PORT")]
    [InlineData("ASPNETCORE_HTTP_PORTS", "PORT")]
    [InlineData("Kestrel:Endpoints:Api:Url", "http://127.0.0.1:PORT")]
    public async Task A_port_for_metrics_that_the_API_has_ends_the_start_with_one_sentence(string key, string value)
    {
        var port = $"{LoopbackPorts.Take()}";
        var settings = With("ASPNETCORE_URLS", null);
        settings[key] = value.Replace("PORT", port, StringComparison.Ordinal);
        settings["Metrics:Port"] = port;
        await using var process = NetPilotProcess.Launch(settings);

        (await process.WaitForExitAsync(Ct)).ShouldBe(1, string.Join('\n', process.Output));
        process.Output.ShouldHaveSingleItem().ShouldStartWith("NetPilot did not start: Metrics:Port must be a port of its own");
    }

    [Fact]
    public async Task A_connection_string_for_migrations_that_is_empty_is_as_if_it_were_not_set()
    {
        await using var process = await server.StartReplicaAsync(
            new Dictionary<string, string?> { ["ConnectionStrings:NetPilotMigrations"] = "" },
            Ct
        );

        await process.WaitUntilReadyAsync(Ct);
    }

    [Fact]
    public async Task A_short_token_for_metrics_is_taken_with_a_warning()
    {
        const string Warning = "Metrics:Token has fewer than 16 characters";
        await using var process = await server.StartReplicaAsync(new Dictionary<string, string?> { ["Metrics:Token"] = "s3cret" }, Ct);
        await process.WaitForOutputAsync(Warning, Ct);
        process.Output.Single(line => line.Contains(Warning)).ShouldContain("\"@l\":\"Warning\"");
        process.Output.ShouldNotContain(line => line.Contains("s3cret"));
        using var stranger = process.NewClient();
        using var refused = await stranger.GetAsync("/metrics", Ct);
        await refused.ShouldBeProblemAsync(401, "unauthorized");
        using var scraper = process.NewClient("s3cret");
        using var scraped = await scraper.GetAsync("/metrics", Ct);
        await scraped.ShouldHaveStatusAsync(200);

        await using var other = await server.StartReplicaAsync(cancellationToken: Ct);
        await other.WaitForOutputAsync("Application started", Ct);
        other.Output.ShouldNotContain(line => line.Contains(Warning));
    }

    [Fact]
    public async Task A_host_that_is_not_allowed_is_refused_as_anything_else_is()
    {
        await using var process = await server.StartReplicaAsync(
            new Dictionary<string, string?> { ["AllowedHosts"] = "127.0.0.1;api.example.com" },
            Ct
        );
        using var client = process.NewClient();
        async Task<HttpResponseMessage> GetAsync(string host, string path = "/swagger/index.html")
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = host } };
            request.Headers.Authorization = new("Bearer", TestSettings.MetricsToken);
            return await client.SendAsync(request, Ct);
        }

        using var allowed = await GetAsync("api.example.com");
        await allowed.ShouldHaveStatusAsync(200);
        // Probes and scrapes name the address that they reach.
        foreach (var path in new[] { "/health/live", "/health/ready", "/metrics" })
        {
            await Eventually.HoldsAsync(async () =>
            {
                using var probed = await GetAsync("10.1.2.3:8080", path);
                await probed.ShouldHaveStatusAsync(200);
            });
        }

        using var refused = await GetAsync("api.example.org");
        await refused.ShouldBeProblemAsync(400, "validation_failed", "host");
        refused.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        await Eventually.HoldsAsync(() =>
        {
            process.Output.ShouldContain(line => line.Contains("/swagger/index.html") && line.Contains("400"));
            return Task.CompletedTask;
        });

        var tooLong = RawHttp
            .Request("POST", "/api/v1/auth/login", null, ["Content-Length: 70000"])
            .Replace("Connection: close\r\n", "", StringComparison.Ordinal);
        var closed = await RawHttp.SendAsync(process.Address, tooLong + new string('x', 70_000), Ct);
        (closed.Status, closed.Headers["Connection"]).ShouldBe((400, "close"));
    }

    [Fact]
    public async Task An_https_endpoint_serves_the_certificate_of_the_settings()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=netpilot.test", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            now.AddDays(-1),
            now.AddDays(1)
        );
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var (path, keyPath) = (Path.Combine(folder.FullName, "certificate.pem"), Path.Combine(folder.FullName, "key.pem"));
            await File.WriteAllTextAsync(path, certificate.ExportCertificatePem(), Ct);
            await File.WriteAllTextAsync(keyPath, key.ExportPkcs8PrivateKeyPem(), Ct);
            var port = LoopbackPorts.Take();
            var settings = With("Kestrel:Endpoints:Api:Url", $"https://127.0.0.1:{port}");
            settings["Kestrel:Endpoints:Api:Certificate:Path"] = path;
            settings["Kestrel:Endpoints:Api:Certificate:KeyPath"] = keyPath;
            await using var process = NetPilotProcess.Launch(settings);
            await process.WaitForOutputAsync("Application started", Ct);

            X509Certificate? shown = null;
            using var handler = new HttpClientHandler
            {
                ServerCertificateCustomValidationCallback = (_, served, _, _) => (shown = served) is not null,
            };
            using var client = new HttpClient(handler);
            using var live = await client.GetAsync(new Uri($"https://127.0.0.1:{port}/health/live"), Ct);
            await live.ShouldHaveStatusAsync(200);
            shown!.Subject.ShouldBe("CN=netpilot.test");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task An_address_of_another_machine_ends_the_start_with_one_sentence()
    {
        await using var process = NetPilotProcess.Launch(With("ASPNETCORE_URLS", "http://192.0.2.1:8080"));

        (await process.WaitForExitAsync(Ct)).ShouldBe(1, string.Join('\n', process.Output));
        process.Output.Single(IsSentence).ShouldContain("ASPNETCORE_URLS");
        process.Output.ShouldNotContain(line => line.Contains("   at ", StringComparison.Ordinal), string.Join('\n', process.Output));
    }

    [Fact]
    public async Task A_start_that_is_asked_to_stop_ends_without_a_stack_trace()
    {
        await using var process = NetPilotProcess.Launch(
            With("ConnectionStrings:NetPilot", $"Host=127.0.0.1;Port={LoopbackPorts.Take()};Username=x")
        );
        await process.WaitForOutputAsync("Waiting for PostgreSQL", Ct);

        (await process.StopAsync(Ct)).ShouldBe(143);
        process.Output.ShouldContain("NetPilot was asked to stop before it had started.");
        process.Output.ShouldNotContain(line => line.Contains("   at ", StringComparison.Ordinal), string.Join('\n', process.Output));
    }

    [Fact]
    public async Task The_first_line_of_the_log_names_the_version_and_that_of_the_time_zones()
    {
        await using var process = await server.StartReplicaAsync(cancellationToken: Ct);

        process.Output.First().ShouldContain($"\"Version\":\"{ProductVersion.Text}\"");
        process.Output.First().ShouldMatch("\"TzdbVersion\":\"20[0-9]{2}[a-z]\"");
    }

    [Fact]
    public async Task A_start_builds_no_model_of_EF_Core()
    {
        // The category of the events of a model that is being built.
        const string Model = "Microsoft.EntityFrameworkCore.Model";
        await using var process = await server.StartReplicaAsync(
            new Dictionary<string, string?>
            {
                // What other tests leave to be done builds models too.
                ["ConnectionStrings:NetPilot"] = await server.PreparedDatabaseAsync(Ct),
                ["Serilog:MinimumLevel:Override:Microsoft.EntityFrameworkCore"] = "Debug",
            },
            Ct
        );
        // Not even the services of a context are made.
        process.Output.ShouldNotContain(line => line.Contains("Microsoft.EntityFrameworkCore", StringComparison.Ordinal));

        // A new row of an entity does, and the log tells.
        using var client = process.NewClient();
        using var registered = await client.PostAsJsonAsync(
            "/api/v1/auth/register",
            new { email = TestUsers.NewEmail(), password = TestUsers.Password },
            Ct
        );
        await registered.ShouldBeJsonAsync(201);
        await process.WaitForOutputAsync(Model, Ct);
    }

    [Fact]
    public async Task The_runtime_role_is_tried_before_the_server_listens()
    {
        var owner = await server.NewDatabaseAsync(Ct);
        var settings = With("ConnectionStrings:NetPilotMigrations", owner);
        settings["ConnectionStrings:NetPilot"] = new NpgsqlConnectionStringBuilder(owner) { Password = "wrong" }.ConnectionString;
        await using var process = NetPilotProcess.Launch(settings);

        (await process.WaitForExitAsync(Ct)).ShouldBe(1);
        var sentence = process.Output.Single(IsSentence);
        sentence.ShouldContain("(ConnectionStrings:NetPilot) refused");
        sentence.ShouldContain("password authentication failed");
    }

    [Fact]
    public async Task A_database_whose_locale_folds_addresses_otherwise_ends_the_start()
    {
        var name = $"turkish_{Guid.CreateVersion7():N}";
        await server.ExecuteAsync(
            $"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'tr'"
        );
        try
        {
            var turkish = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = name, Pooling = false }.ConnectionString;
            await using var process = NetPilotProcess.Launch(With("ConnectionStrings:NetPilot", turkish));

            (await process.WaitForExitAsync(Ct)).ShouldBe(1);
            var line = process.Output.Single(IsSentence);
            line.ShouldContain("ConnectionStrings:NetPilot");
            line.ShouldContain("locale");
        }
        finally
        {
            await server.ExecuteAsync($"DROP DATABASE {name} WITH (FORCE)");
        }
    }

    [Theory]
    [InlineData("C", true)]
    [InlineData("C.UTF-8", false)]
    public async Task A_locale_in_which_only_ASCII_has_small_letters_is_told_at_the_start(string locale, bool told)
    {
        var name = $"ascii_{Guid.CreateVersion7():N}";
        await server.ExecuteAsync($"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE '{locale}'");
        try
        {
            var database = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = name, Pooling = false }.ConnectionString;
            await using var process = await NetPilotProcess.StartAsync(With("ConnectionStrings:NetPilot", database), Ct);

            process.Output.Any(line => line.Contains("only A to Z have small letters", StringComparison.Ordinal)).ShouldBe(told);
        }
        finally
        {
            await server.ExecuteAsync($"DROP DATABASE {name} WITH (FORCE)");
        }
    }

    /// <summary>It could not hold every name and hostname.</summary>
    [Fact]
    public async Task A_database_with_another_encoding_than_UTF8_ends_the_start()
    {
        var name = $"latin_{Guid.CreateVersion7():N}";
        await server.ExecuteAsync($"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
        try
        {
            var latin = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = name, Pooling = false }.ConnectionString;
            await using var process = NetPilotProcess.Launch(With("ConnectionStrings:NetPilot", latin));

            (await process.WaitForExitAsync(Ct)).ShouldBe(1);
            var line = process.Output.Single(IsSentence);
            line.ShouldContain("ConnectionStrings:NetPilot");
            line.ShouldContain("LATIN1");
        }
        finally
        {
            await server.ExecuteAsync($"DROP DATABASE {name} WITH (FORCE)");
        }
    }

    [Fact]
    public async Task The_runtime_role_must_be_led_to_the_database_that_was_migrated()
    {
        var settings = With("ConnectionStrings:NetPilotMigrations", await server.NewDatabaseAsync(Ct));
        settings["ConnectionStrings:NetPilot"] = await server.NewDatabaseAsync(Ct);
        await using var process = NetPilotProcess.Launch(settings);

        (await process.WaitForExitAsync(Ct)).ShouldBe(1);
        process
            .Output.Single(IsSentence)
            .ShouldStartWith("NetPilot did not start: ConnectionStrings:NetPilot cannot read the schema identity");
    }

    [Fact]
    public async Task A_server_that_is_older_than_the_schema_does_not_start()
    {
        var database = await server.PreparedDatabaseAsync(Ct);
        await using var source = NpgsqlDataSource.Create(database);
        await using var newer = source.CreateCommand(
            "INSERT INTO devices.__ef_migrations_history VALUES ('29991231235959_FromTheFuture', '99.0.0')"
        );
        await newer.ExecuteNonQueryAsync(Ct);
        await using var process = NetPilotProcess.Launch(With("ConnectionStrings:NetPilot", database));

        (await process.WaitForExitAsync(Ct)).ShouldBe(1);
        process
            .Output.Single(IsSentence)
            .ShouldBe(
                "NetPilot did not start: The schema devices has the migration 29991231235959_FromTheFuture, which this version of NetPilot "
                    + "does not know: a newer version has prepared the database."
            );
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static bool IsSentence(string line) => line.StartsWith("NetPilot did not start: ", StringComparison.Ordinal);

    /// <summary>Starts the server in a folder with this settings file, and without the settings below these keys that would be stronger.</summary>
    private NetPilotProcess LaunchWithFile(string json, string[] without)
    {
        var folder = Path.Combine(_folder.FullName, $"{Guid.CreateVersion7():N}");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "appsettings.json"), json);
        var settings = server.Settings.Where(setting =>
            !without.Any(key => setting.Key.StartsWith(key, StringComparison.OrdinalIgnoreCase))
        );
        return NetPilotProcess.LaunchIn(folder, settings.ToDictionary());
    }

    private Dictionary<string, string?> With(string key, string? value) => new(server.Settings) { [key] = value };
}
