using System.Net.Http.Json;
using System.Text.RegularExpressions;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>The way from the schemas of the first version, with rows in them.</summary>
[OneDialect]
public sealed partial class UpgradeTests(NetPilotServer server)
{
    // What a user has who claimed a router, scanned it and blocked a device.
    private static readonly (string Table, string Owner)[] Tables =
    [
        ("identity.users", "id"),
        ("routers.user_routers", "user_id"),
        ("devices.user_devices", "user_id"),
        ("devices.router_scans", "user_id"),
        ("blacklist.user_blacklists", "user_id"),
        ("blacklist.router_checks", "user_id"),
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_oldest_schemas_are_upgraded_with_what_is_in_them()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var router = await user.ClaimRouterAsync(cancellationToken: Ct);
        using var scan = await user.Http.PostAsync(router.Path("scan"), null, Ct);
        await scan.ShouldBeJsonAsync(200);
        var device = router.Simulated.Device();
        using var blocked = await user.Http.PostAsJsonAsync(router.Path("block"), new { ip = device.Ip }, Ct);
        var block = await blocked.ShouldBeJsonAsync(201);
        var connectionString = await server.NewDatabaseAsync(Ct);
        await using var database = NpgsqlDataSource.Create(connectionString);
        await MakeOldestSchemasAsync(database);
        await CopyAsync(user, database);

        await using var upgraded = await server.StartReplicaAsync(
            new Dictionary<string, string?> { ["ConnectionStrings:NetPilot"] = connectionString },
            Ct
        );

        using var anonymous = upgraded.NewClient();
        using var loggedIn = await anonymous.PostAsJsonAsync("/api/v1/auth/login", new { user.Email, user.Password }, Ct);
        using var client = upgraded.NewClient((await loggedIn.ShouldBeJsonAsync(200)).GetProperty("accessToken").GetString());
        using var devices = await client.GetAsync(router.Path("devices?blocked=true"), Ct);
        (await devices.ShouldBeJsonAsync(200))
            .GetProperty("items")
            .EnumerateArray()
            .ShouldHaveSingleItem()
            .GetProperty("ip")
            .GetString()
            .ShouldBe(device.Ip);
        using var unblocked = await client.PostAsJsonAsync(router.Path("unblock"), new { ip = device.Ip }, Ct);
        (await unblocked.ShouldBeJsonAsync(200)).GetProperty("id").GetString().ShouldBe(block.GetProperty("id").GetString());
        router.Simulated.RuleCounts.ShouldBeEmpty();
    }

    // The script leaves out what the history has: all migrations but the first of each schema are noted there while it runs.
    private static async Task MakeOldestSchemasAsync(NpgsqlDataSource database)
    {
        await using var process = NetPilotProcess.Launch(
            new Dictionary<string, string?> { ["ConnectionStrings:NetPilot"] = "Host=nowhere.example" },
            ["migrate", "--script"]
        );
        (await process.WaitForExitAsync(Ct)).ShouldBe(0);
        var script = string.Join('\n', process.Output);
        var migrations = Migration()
            .Matches(script)
            .Select(match => (Schema: match.Groups["schema"].Value, Id: match.Groups["id"].Value))
            .Distinct()
            .ToLookup(migration => migration.Schema, migration => migration.Id);
        var later = migrations
            .SelectMany(schema => schema.Order(StringComparer.Ordinal).Skip(1).Select(id => (schema.Key, Id: id)))
            .ToArray();
        later.ShouldNotBeEmpty();
        foreach (var schema in migrations)
        {
            await ExecuteAsync(
                database,
                $"CREATE SCHEMA {schema.Key}; CREATE TABLE {schema.Key}.__ef_migrations_history (migration_id varchar(150) PRIMARY KEY, product_version varchar(32) NOT NULL)"
            );
        }

        foreach (var (schema, id) in later)
        {
            await ExecuteAsync(database, $"INSERT INTO {schema}.__ef_migrations_history VALUES ('{id}', 'later')");
        }

        await ExecuteAsync(database, script);
        foreach (var schema in migrations)
        {
            await ExecuteAsync(database, $"DELETE FROM {schema.Key}.__ef_migrations_history WHERE product_version = 'later'");
        }
    }

    // Columns that the first version did not have are left out.
    private async Task CopyAsync(TestUser user, NpgsqlDataSource database)
    {
        foreach (var (table, owner) in Tables)
        {
            var rows = await server.QueryAsync($"SELECT to_jsonb(t)::text AS row FROM {table} AS t WHERE {owner} = $1", user.Id);
            rows.ShouldNotBeEmpty(table);
            foreach (var row in rows)
            {
                await using var insert = database.CreateCommand(
                    $"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, $1::jsonb) ON CONFLICT DO NOTHING"
                );
                insert.Parameters.Add(new NpgsqlParameter { Value = row.Value<string>("row") });
                await insert.ExecuteNonQueryAsync(Ct);
            }
        }
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Ct);
    }

    [GeneratedRegex("""FROM (?<schema>\w+)\."?__ef_migrations_history"? WHERE "?migration_id"? = '(?<id>\d{14}_\w+)'""")]
    private static partial Regex Migration();
}
