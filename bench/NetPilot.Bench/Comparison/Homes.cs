using System.Net.Http.Json;
using System.Text.Json;

namespace NetPilot.Bench.Comparison;

/// <summary>
/// The users and routers that both servers have: 32 users with a router to read (50 devices, all blocked) and one to command each, and a user
/// with 64 routers.
/// </summary>
internal static class Homes
{
    public const int Users = 32;
    public const int RoutersOfOne = 64;
    private const int DevicesOfOwn = 48;
    private const int DevicesOfMany = 16;

    private static readonly string[] ReadRouters = [.. Enumerable.Range(0, Users).Select(n => $"read-{n}")];
    private static readonly string[] OwnRouters = [.. Enumerable.Range(0, Users).Select(n => $"home-{n}")];
    private static readonly string[] ManyRouters = [.. Enumerable.Range(0, RoutersOfOne).Select(n => $"many-{n}")];

    public static string EmailOf(int user) => $"user-{user}@example.test";

    private static string Ip(int device) => $"192.168.1.{device + 2}";

    /// <summary>The rows, with the hash of <see cref="User.Password"/> that NetPilot made for a user who registered.</summary>
    public static async Task SeedAsync(BenchDatabase database, string passwordHash)
    {
        for (var user = 0; user <= Users; user++)
        {
            await database.ExecuteAsync(
                "INSERT INTO identity.users (id, email, password_hash, tier, role, created_at) VALUES ($1, $2, $3, 'pro', 'user', now())",
                IdOf(user),
                EmailOf(user),
                passwordHash
            );
        }

        for (var user = 0; user < Users; user++)
        {
            await RouterAsync(database, user, ReadRouters[user], devices: 50, blocked: true);
            await RouterAsync(database, user, OwnRouters[user], devices: 50, blocked: false);
            for (var n = 0; n < 8; n++)
            {
                await RouterAsync(database, user, $"other-{user}-{n}", devices: 0, blocked: false);
            }
        }

        foreach (var router in ManyRouters)
        {
            await RouterAsync(database, Users, router, devices: DevicesOfMany, blocked: false);
        }

        await database.ExecuteAsync(
            "INSERT INTO routers.user_router_counts (user_id, routers) SELECT user_id, count(*) FROM routers.user_routers GROUP BY user_id"
        );
        await ForgetCommandsAsync(database);
        await database.AnalyzeAsync();
    }

    /// <summary>Takes back what a round of commands left behind: of the devices that are commanded, the second half is blocked again.</summary>
    public static async Task ForgetCommandsAsync(BenchDatabase database)
    {
        await database.ExecuteAsync("DELETE FROM blacklist.user_blacklists WHERE router_id NOT LIKE 'read-%'");
        await database.ExecuteAsync(
            """
            INSERT INTO blacklist.user_blacklists
                (id, user_id, router_id, device_ip, device_mac, state, created_by, created_at, applied_at, fence, maybe_sent, attempts)
            SELECT gen_random_uuid(), user_id, router_id, ip, mac, 'blocked', user_id, now(), now(), 0, false, 0
            FROM devices.user_devices JOIN unnest($1, $2) AS rule(router, address) ON router_id = router AND ip = address::inet
            """,
            HeldRules.Select(rule => rule.Router).ToArray(),
            HeldRules.Select(rule => rule.Ip).ToArray()
        );
        await database.ExecuteAsync("TRUNCATE blacklist.rule_counts");
        await database.ExecuteAsync(
            "INSERT INTO blacklist.rule_counts (user_id, kind, live) SELECT user_id, 'block', count(*) FROM blacklist.user_blacklists GROUP BY user_id"
        );
        await database.ExecuteAsync(
            "VACUUM ANALYZE blacklist.user_blacklists, blacklist.rule_counts, routers.router_turns, routers.user_routers"
        );
    }

    /// <summary>The rules that the routers hold before a round of commands.</summary>
    public static IReadOnlyList<(string Router, string Ip)> HeldRules { get; } =
    [
        .. from device in Enumerable.Range(DevicesOfOwn / 2, DevicesOfOwn / 2) from router in OwnRouters select (router, Ip(device)),
        .. from device in Enumerable.Range(DevicesOfMany / 2, DevicesOfMany / 2) from router in ManyRouters select (router, Ip(device)),
    ];

    public static Load Blocked(Tokens tokens) => Each("GET blocked", tokens, user => $"/api/v1/routers/{ReadRouters[user]}/blocked");

    public static Load Devices(Tokens tokens) => Each("GET devices", tokens, user => $"/api/v1/routers/{ReadRouters[user]}/devices");

    public static Load Routers(Tokens tokens) => Each("GET routers", tokens, _ => "/api/v1/routers");

    public static Load Me(Tokens tokens) => Each("GET me", tokens, _ => "/api/v1/me");

    /// <summary>The four reads in turn.</summary>
    public static Load Reads(Tokens tokens) =>
        new(
            "reads",
            [
                .. Enumerable
                    .Range(0, Users)
                    .SelectMany(user =>
                        (Load[])[Blocked(tokens), Devices(tokens), Routers(tokens), Me(tokens)] is var reads
                            ? reads.Select(read => read.Lines[user])
                            : []
                    ),
            ]
        );

    /// <summary>
    /// A block and an unblock in turn, on all routers one after the other. A device that is blocked is unblocked half the list later, and the
    /// other way round, so that no command overtakes the one before it.
    /// </summary>
    public static Load Commands(Tokens tokens, bool ofOneUser) =>
        ofOneUser
            ? Commands("commands of one user", ManyRouters, _ => tokens.Access[Users], DevicesOfMany)
            : Commands("commands", OwnRouters, n => tokens.Access[n], DevicesOfOwn);

    /// <summary>The same for one of several equal parts of the users.</summary>
    public static Load Commands(Tokens tokens, int part, int parts) =>
        Commands("commands", [.. OwnRouters.Where((_, n) => n % parts == part)], n => tokens.Access[(n * parts) + part], DevicesOfOwn);

    private static Load Commands(string name, string[] routers, Func<int, string> tokenOf, int devices)
    {
        var (first, second) = (Enumerable.Range(0, devices / 2).ToArray(), Enumerable.Range(devices / 2, devices / 2).ToArray());
        return new Load(name, [.. Half(block: first, unblock: second), .. Half(block: second, unblock: first)]);

        IEnumerable<string> Half(int[] block, int[] unblock) =>
            block
                .Zip(unblock)
                .SelectMany(pair =>
                    routers.SelectMany(
                        (router, n) => (string[])[Command(router, n, "block", pair.First), Command(router, n, "unblock", pair.Second)]
                    )
                );

        string Command(string router, int n, string command, int device) =>
            Load.Post($"/api/v1/routers/{router}/{command}", tokenOf(n), $$"""{"ip":"{{Ip(device)}}"}""");
    }

    public static Load Scans(Tokens tokens) =>
        new("scans", [.. OwnRouters.Select((router, n) => Load.Post($"/api/v1/routers/{router}/scan", tokens.Access[n], ""))]);

    public static Load Logins() =>
        new(
            "logins",
            [
                .. Enumerable
                    .Range(0, Users)
                    .Select(user =>
                        Load.Post("/api/v1/auth/login", "", $$"""{"email":"{{EmailOf(user)}}","password":"{{User.Password}}"}""")
                    ),
            ]
        );

    public static Load Refreshes(Tokens tokens) => new("refreshes", tokens.Refresh, AreTokens: true);

    /// <summary>Two blocks at once for one router.</summary>
    public static Task TwoCommandsAsync(HttpClient client, int user, int device, bool block) =>
        Task.WhenAll(
            Enumerable
                .Range(2 * device, 2)
                .Select(n =>
                    block ? Measure.BlockAsync(client, OwnRouters[user], Ip(n)) : Measure.UnblockAsync(client, OwnRouters[user], Ip(n))
                )
        );

    private static Load Each(string name, Tokens tokens, Func<int, string> path) =>
        new(name, [.. Enumerable.Range(0, Users).Select(user => Load.Get(path(user), tokens.Access[user]))]);

    private static Guid IdOf(int user) => new(user + 1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 1]);

    private static async Task RouterAsync(BenchDatabase database, int user, string routerId, int devices, bool blocked)
    {
        await database.ExecuteAsync(
            "INSERT INTO routers.user_routers (id, user_id, router_id, name, created_at, last_seen_at, reachability) VALUES (gen_random_uuid(), $1, $2, 'Home', now(), now(), 'online')",
            IdOf(user),
            routerId
        );
        if (devices == 0)
        {
            return;
        }

        var ips = Enumerable.Range(0, devices).Select(Ip).ToArray();
        await database.ExecuteAsync(
            """
            INSERT INTO devices.user_devices
                (id, user_id, router_id, ip, mac, hostname, device_type, manufacturer, first_seen, last_seen, online)
            SELECT gen_random_uuid(), $1, $2, d.ip::inet, d.mac::macaddr, 'host-' || d.nr, 'other', 'Maker ' || d.nr % 20,
                   now() - d.nr * interval '1 minute', now(), true
            FROM unnest($3, $4) WITH ORDINALITY AS d(ip, mac, nr)
            """,
            IdOf(user),
            routerId,
            ips,
            ips.Select(ip => MacOf(routerId, ip)).ToArray()
        );
        if (blocked)
        {
            await database.ExecuteAsync(
                """
                INSERT INTO blacklist.user_blacklists
                    (id, user_id, router_id, device_ip, device_mac, reason, state, created_by, created_at, applied_at, fence, maybe_sent, attempts)
                SELECT gen_random_uuid(), user_id, router_id, ip, mac, 'Homework first', 'blocked', user_id, first_seen, first_seen, 0, false, 0
                FROM devices.user_devices WHERE router_id = $1
                """,
                routerId
            );
        }
    }

    // As the benchmark's Commands-Server makes them.
    private static string MacOf(string routerId, string ip)
    {
        var hash = routerId.Aggregate(2166136261u, (sum, letter) => (sum ^ letter) * 16777619u);
        var last = byte.Parse(ip.AsSpan(ip.LastIndexOf('.') + 1));
        return $"00:{hash >> 24 & 255:x2}:{hash >> 16 & 255:x2}:{hash >> 8 & 255:x2}:{hash & 255:x2}:{last:x2}";
    }
}

/// <summary>What the users of <see cref="Homes"/> got when they logged in, in the order of the users.</summary>
internal sealed record Tokens(string[] Access, string[] Refresh)
{
    public static async Task<Tokens> LogInAsync(Server server)
    {
        using var client = server.NewClient();
        var answers = new List<JsonElement>();
        for (var user = 0; user <= Homes.Users; user++)
        {
            using var response = await client.PostAsJsonAsync(
                "/api/v1/auth/login",
                new { email = Homes.EmailOf(user), password = User.Password }
            );
            response.EnsureSuccessStatusCode();
            answers.Add(await response.Content.ReadFromJsonAsync<JsonElement>());
        }

        return new Tokens(
            [.. answers.Select(answer => answer.GetProperty("accessToken").GetString()!)],
            [.. answers.Select(answer => answer.GetProperty("refreshToken").GetString()!)]
        );
    }
}
