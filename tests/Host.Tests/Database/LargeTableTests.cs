using System.Net.Http.Json;
using System.Text.Json;
using NetPilot.Persistence.Data.Statements;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>What the server costs does not grow with the number of its users: no statement reads a large table from end to end.</summary>
[OneDialect]
public sealed class LargeTableTests(NetPilotServer server)
{
    // A table with so many rows more than one home has is read by an index or not at all.
    private const int Copies = 5_000;

    // Each copy has ids of its own, and means by them the same rows of its own home.
    private const string CopyOf = """
        SELECT format(
            'INSERT INTO %1$s (%2$s) SELECT %3$s FROM %1$s CROSS JOIN generate_series(1, %4$s) AS copy ORDER BY copy',
            table_name, string_agg(quote_ident(column_name), ', '), string_agg(value, ', '), $1)
        FROM (
            SELECT format('%I.%I', table_schema, table_name) AS table_name, column_name,
                CASE
                    WHEN data_type = 'uuid' THEN format('md5(%I || copy::text)::uuid', column_name)
                    WHEN data_type = 'bytea' THEN format('sha256(%I || copy::text::bytea)', column_name)
                    WHEN column_name LIKE '%router_id' THEN format('md5(%1$I || copy) || md5(copy || %1$I)', column_name)
                    -- Activity comes in the order of time, by which its index finds what is old.
                    WHEN column_name = 'started_at' THEN format('%I + copy * interval ''1 ms''', column_name)
                    -- What is due for all homes at once may be claimed by a hundred of them, where reading 5,000 rows costs less than the index.
                    WHEN column_name ~ '^(next_.*|.*due|settle)_at$' THEN format('%I + interval ''30 minutes''', column_name)
                    WHEN column_name = 'email' THEN format('copy || %I', column_name)
                    ELSE quote_ident(column_name)
                END AS value
            FROM information_schema.columns
            WHERE table_schema IN (SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema|public)')
              AND table_name !~ 'migrations' AND is_identity = 'NO'
        ) AS columns
        GROUP BY table_name
        """;

    private const string ReadWhole = """
        SELECT schemaname || '.' || relname AS name, seq_scan, n_live_tup FROM pg_stat_user_tables WHERE n_live_tup >= $1 ORDER BY 1
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_request_and_no_worker_reads_a_large_table_from_end_to_end()
    {
        var settings = new Dictionary<string, string?>
        {
            ["ConnectionStrings:NetPilot"] = await server.PreparedDatabaseAsync(Ct),
            // The gauges of rows count all of them, once a minute, where somebody reads the metrics.
            ["Metrics:Token"] = null,
        };
        await using var database = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(settings["ConnectionStrings:NetPilot"]) { Pooling = false }.ConnectionString
        );
        Home home;
        await using (var small = await server.StartReplicaAsync(settings, Ct))
        {
            home = await HomeAsync(small, database);
        }

        await CopyAsync(database, home);
        var before = await ScansAsync(database);
        before.Count.ShouldBeGreaterThan(10);
        before.Keys.ShouldContain("devices.user_devices");

        await using (var large = await server.StartReplicaAsync(settings, Ct))
        {
            await UseEverythingAsync(large, home);
        }

        // A connection tells what it did as it ends.
        await Eventually.HoldsAsync(async () => (await OtherConnectionsAsync(database)).ShouldBe(0));
        var after = await ScansAsync(database);
        before.Where(table => after.GetValueOrDefault(table.Key) != table.Value).Select(table => table.Key).ShouldBeEmpty();
    }

    /// <summary>What is deleted leaves the ranges of a BRIN index as wide as they were: once all that it was made of is deleted, each purge reads the whole table.</summary>
    [Fact]
    public async Task No_index_stays_as_wide_as_what_was_deleted_from_its_table()
    {
        await using var database = NpgsqlDataSource.Create(await server.PreparedDatabaseAsync(Ct));
        await using var command = database.CreateCommand(
            "SELECT coalesce(string_agg(indexdef, '; '), '') FROM pg_indexes WHERE indexdef ~ 'USING brin'"
        );
        (await command.ExecuteScalarAsync(Ct)).ShouldBe("");
    }

    /// <summary>After some uses PostgreSQL plans a prepared statement once for all values, and assumes that many rows are old.</summary>
    [Fact]
    public async Task What_deletes_old_rows_reads_no_large_table_though_nothing_is_old()
    {
        await using var database = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(await server.PreparedDatabaseAsync(Ct))
            {
                Pooling = false,
                Options = "-c plan_cache_mode=force_generic_plan",
            }.ConnectionString
        );
        await ExecuteAsync(
            database,
            $"""
            INSERT INTO identity.sessions (id, commands_session_id, commands_state, created_at, last_used_at, expires_at, ended_at, end_reason)
            SELECT gen_random_uuid(), gen_random_uuid(), 'ended', now(), now(), now(), now() - interval '1 day' * random(), 'logout' FROM generate_series(1, {20
                * Copies});
            ANALYZE identity.sessions
            """
        );
        await Eventually.HoldsAsync(async () => (await OtherConnectionsAsync(database)).ShouldBe(0));
        var before = await ScansAsync(database);

        var weekAgo = TimeProvider.System.GetUtcNow().AddDays(-7);
        await PurgeRows.ExecuteAsync(database, "identity.sessions", "ended_at", weekAgo, 50, Ct, "commands_state <> 'ending'");

        await Eventually.HoldsAsync(async () => (await OtherConnectionsAsync(database)).ShouldBe(0));
        (await ScansAsync(database))["identity.sessions"].ShouldBe(before["identity.sessions"]);
    }

    private static async Task<Home> HomeAsync(NetPilotProcess replica, NpgsqlDataSource database)
    {
        using var anonymous = replica.NewClient();
        var account = new { email = TestUsers.NewEmail(), password = TestUsers.Password };
        using var registered = await anonymous.PostAsJsonAsync("/api/v1/auth/register", account, Ct);
        await registered.ShouldBeJsonAsync(201);
        await ExecuteAsync(database, "UPDATE identity.users SET tier = 'pro'");
        using var mail = await anonymous.PostAsJsonAsync("/api/v1/auth/password/forgot", new { account.email }, Ct);
        mail.EnsureSuccessStatusCode();
        var token = await LogInAsync(anonymous, account);
        var routerId = TestRouter.NewId();
        using var user = replica.NewClient(token);
        await CallAsync(user, HttpMethod.Post, "/api/v1/routers", new { routerId, name = "Home" });
        var scan = await CallAsync(user, HttpMethod.Post, $"/api/v1/routers/{routerId}/scan");
        var devices = scan.GetProperty("devices").EnumerateArray().ToArray();
        var addresses = devices.Select(device => device.GetProperty("ip").GetString()!).ToArray();
        await CallAsync(user, HttpMethod.Post, $"/api/v1/routers/{routerId}/block", new { ip = addresses[0] });
        await CallAsync(user, HttpMethod.Post, $"/api/v1/routers/{routerId}/unblock", new { ip = addresses[0] });
        var block = await CallAsync(user, HttpMethod.Post, $"/api/v1/routers/{routerId}/block", new { ip = addresses[0] });
        await CallAsync(user, HttpMethod.Post, $"/api/v1/routers/{routerId}/blacklist", new { ip = addresses[1] });
        await CallAsync(user, HttpMethod.Post, $"/api/v1/routers/{routerId}/whitelist", new { ip = addresses[1] });
        var deviceIds = devices.Select(device => device.GetProperty("id").GetString()!).ToArray();
        var person = await CallAsync(
            user,
            HttpMethod.Post,
            $"/api/v1/routers/{routerId}/people",
            new { name = "Mia", deviceIds = deviceIds[..2] }
        );
        var schedule = SampleRequests.ScheduleFor(person.GetProperty("id").GetString()!);
        var bedtime = await CallAsync(user, HttpMethod.Post, $"/api/v1/routers/{routerId}/schedules", schedule);
        var values = new Dictionary<string, string>
        {
            ["routerId"] = routerId,
            ["deviceId"] = deviceIds[0],
            ["personId"] = person.GetProperty("id").GetString()!,
            ["scheduleId"] = bedtime.GetProperty("id").GetString()!,
            ["id"] = block.GetProperty("id").GetString()!,
            ["ip"] = addresses[1],
            ["freeIp"] = addresses[2],
        };
        return new Home(account.email, values);
    }

    private static async Task CopyAsync(NpgsqlDataSource database, Home home)
    {
        var copies = new List<string>();
        await using (var command = database.CreateCommand(CopyOf))
        {
            command.Parameters.Add(new NpgsqlParameter { Value = Copies });
            await using var rows = await command.ExecuteReaderAsync(Ct);
            while (await rows.ReadAsync(Ct))
            {
                copies.Add(rows.GetString(0));
            }
        }

        await ExecuteAsync(database, $"BEGIN; SET LOCAL session_replication_role = replica; {string.Join("; ", copies)}; COMMIT");
        await ExecuteAsync(database, $"UPDATE identity.users SET role = 'admin' WHERE email = '{home.Email}'");
        await ExecuteAsync(
            database,
            $"UPDATE blacklist.router_checks SET next_check_at = now() WHERE router_id = '{home.Values["routerId"]}'"
        );
        await ExecuteAsync(database, "VACUUM ANALYZE");
    }

    private async Task UseEverythingAsync(NetPilotProcess replica, Home home)
    {
        using var anonymous = replica.NewClient();
        var account = new Account(home.Email, TestUsers.Password);
        using var user = replica.NewClient(await LogInAsync(anonymous, account));
        string[] lists =
        [
            "devices?search=x",
            "devices?online=true&blocked=true",
            "blocked?state=lifted",
            "activity?kind=block",
            "blacklist",
            "whitelist",
        ];
        foreach (var list in lists)
        {
            await CallAsync(user, HttpMethod.Get, $"/api/v1/routers/{home.Values["routerId"]}/{list}");
        }

        await CallAsync(user, HttpMethod.Get, $"/api/v1/admin/users?search={home.Email[..12]}");

        foreach (var endpoint in server.Endpoints().OrderBy(HowMuchIsGoneAfter))
        {
            // Some of them end the session.
            using var caller = replica.NewClient(await LogInAsync(anonymous, account));
            using var request = new HttpRequestMessage(new HttpMethod(endpoint.Method), endpoint.Path(home.Values));
            if (endpoint.BodyProperties.Count > 0)
            {
                var body = SampleRequests.BodyFor(endpoint, home.Values["freeIp"], home.Values["personId"]);
                request.Content = JsonContent.Create<object>(endpoint.Pattern.EndsWith("/me", StringComparison.Ordinal) ? account : body);
                account =
                    body.GetValueOrDefault("newPassword") is string changed
                    && endpoint.Pattern.EndsWith("/me/password", StringComparison.Ordinal)
                        ? account with
                        {
                            Password = changed,
                        }
                        : account;
            }

            using var response = await caller.SendAsync(request, Ct);
            ((int)response.StatusCode is < 500 or 501).ShouldBeTrue($"{endpoint}: {response.StatusCode}");
        }
    }

    private static int HowMuchIsGoneAfter(ApiEndpoint endpoint) =>
        endpoint.Method switch
        {
            "GET" => 0,
            not "DELETE" => 1,
            _ when endpoint.Pattern.EndsWith("/me", StringComparison.Ordinal) => 4,
            _ when endpoint.Pattern.EndsWith("/routers/{routerId}", StringComparison.Ordinal) => 3,
            _ => 2,
        };

    private static async Task<string> LogInAsync(HttpClient client, object account)
    {
        using var response = await client.PostAsJsonAsync("/api/v1/auth/login", account, Ct);
        return (await response.ShouldBeJsonAsync(200)).GetProperty("accessToken").GetString()!;
    }

    private static async Task<JsonElement> CallAsync(HttpClient client, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await client.SendAsync(request, Ct);
        var text = await response.Content.ReadAsStringAsync(Ct);
        response.IsSuccessStatusCode.ShouldBeTrue($"{method} {path}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task<Dictionary<string, long>> ScansAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand(ReadWhole);
        command.Parameters.Add(new NpgsqlParameter { Value = (long)Copies });
        await using var rows = await command.ExecuteReaderAsync(Ct);
        var scans = new Dictionary<string, long>();
        while (await rows.ReadAsync(Ct))
        {
            scans[rows.GetString(0)] = rows.GetInt64(1);
        }

        return scans;
    }

    private static async Task<long> OtherConnectionsAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
            """
        );
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(Ct);
    }

    private sealed record Account(string Email, string Password);

    private sealed record Home(string Email, IReadOnlyDictionary<string, string> Values);
}
