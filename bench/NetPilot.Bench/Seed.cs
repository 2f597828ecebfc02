namespace NetPilot.Bench;

/// <summary>Rows in all schemas at once, as NetPilot would have written them one by one.</summary>
internal static class Seed
{
    /// <summary>Users with so many routers each, and no devices: <c>{prefix}-1</c>, <c>{prefix}-2</c>, … are the routers.</summary>
    public static async Task RoutersAsync(BenchDatabase database, string prefix, int routers, int perUser)
    {
        await database.ExecuteAsync(
            """
            INSERT INTO identity.users (id, email, password_hash, tier, role, created_at)
            SELECT md5($1 || 'user' || n)::uuid, $1 || '-user-' || n || '@example.test', 'none', 'pro', 'user', now()
            FROM generate_series(0, ($2 - 1) / $3) AS n
            """,
            prefix,
            routers,
            perUser
        );
        await database.ExecuteAsync(
            """
            INSERT INTO routers.user_routers (id, user_id, router_id, name, created_at, last_seen_at, reachability)
            SELECT md5($1 || 'router' || n)::uuid, md5($1 || 'user' || (n - 1) / $3)::uuid, $1 || '-' || n, 'Home', now(), now(), 'online'
            FROM generate_series(1, $2) AS n
            """,
            prefix,
            routers,
            perUser
        );
        await database.ExecuteAsync(
            """
            INSERT INTO routers.user_router_counts (user_id, routers)
            SELECT user_id, count(*) FROM routers.user_routers WHERE router_id LIKE $1 || '-%' GROUP BY user_id
            """,
            prefix
        );
    }

    /// <summary>So many devices behind each of the routers that <see cref="RoutersAsync"/> made.</summary>
    public static Task DevicesAsync(BenchDatabase database, string prefix, int perRouter) =>
        database.ExecuteAsync(
            """
            INSERT INTO devices.user_devices
                (id, user_id, router_id, ip, mac, hostname, device_type, manufacturer, first_seen, last_seen, online)
            SELECT gen_random_uuid(), user_id, router_id, '10.0.0.0'::inet + d,
                   ('02:' || regexp_replace(substr(md5(router_id || d), 1, 10), '(..)(?!$)', '\1:', 'g'))::macaddr,
                   'host-' || d, 'other', 'Maker ' || d % 20, now() - d * interval '1 minute', now(), true
            FROM routers.user_routers, generate_series(1, $2) AS d
            WHERE router_id LIKE $1 || '-%'
            ORDER BY md5(d || router_id)
            """,
            prefix,
            perRouter
        );

    /// <summary>A router of one user, with so many devices.</summary>
    public static async Task RouterAsync(BenchDatabase database, Guid userId, string routerId, int devices)
    {
        await database.ExecuteAsync(
            """
            WITH router AS (
                INSERT INTO routers.user_routers (id, user_id, router_id, name, created_at, last_seen_at, reachability)
                VALUES (gen_random_uuid(), $1, $2, 'Home', now(), now(), 'online')
            )
            INSERT INTO routers.user_router_counts AS counts (user_id, routers) VALUES ($1, 1)
            ON CONFLICT (user_id) DO UPDATE SET routers = counts.routers + 1
            """,
            userId,
            routerId
        );
        if (devices > 0)
        {
            await DevicesAsync(database, routerId[..routerId.LastIndexOf('-')], devices);
        }
    }

    /// <summary>Blocks in force, so many on each of the user's routers.</summary>
    public static async Task BlocksAsync(BenchDatabase database, Guid userId, int blocks)
    {
        await database.ExecuteAsync(
            """
            INSERT INTO blacklist.user_blacklists
                (id, user_id, router_id, device_ip, device_mac, state, created_by, created_at, applied_at, fence, maybe_sent, attempts)
            SELECT gen_random_uuid(), $1, 'filler-' || $1 || '-' || n % 50, '10.0.0.0'::inet + n,
                   ('06:' || regexp_replace(substr(md5(n::text), 1, 10), '(..)(?!$)', '\1:', 'g'))::macaddr,
                   'blocked', $1, now(), now(), 0, false, 0
            FROM generate_series(1, $2) AS n
            """,
            userId,
            blocks
        );
        await database.ExecuteAsync(
            "INSERT INTO blacklist.rule_counts (user_id, kind, live) SELECT user_id, 'block', count(*) FROM blacklist.user_blacklists WHERE user_id = $1 GROUP BY user_id",
            userId
        );
    }
}
