using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using NSec.Cryptography;

namespace NetPilot.HandWritten;

/// <summary>Login with the same hash, and refresh with the same rows and the same sealed successor.</summary>
internal sealed class Sessions(NpgsqlDataSource database, Tokens tokens, Commands commands)
{
    // A hash on each core: more of them at once only share it.
    private readonly SemaphoreSlim places = new(Environment.ProcessorCount);

    private const string FindUser = """
        SELECT id, email, full_name, tier, role, created_at, password_hash FROM identity.users
        WHERE lower(email) = lower($1) AND deleted_at IS NULL AND disabled_at IS NULL
        """;

    private const string Open = """
        WITH owner AS (
            UPDATE identity.users SET last_login_at = $2 WHERE id = $1 RETURNING id
        ), session AS (
            INSERT INTO identity.sessions
                (id, commands_session_id, commands_state, user_id, created_at, last_used_at, expires_at, user_agent, ip_address)
            SELECT $3, $4, 'ready', id, $2, $2, $5, $6, $7 FROM owner RETURNING id
        )
        INSERT INTO identity.refresh_tokens (token_hash, session_id, created_at) SELECT $8, id, $2 FROM session
        """;

    private const string Replace = """
        WITH found AS (
            SELECT token.token_hash, token.predecessor_hash, token.session_id FROM identity.refresh_tokens token
            JOIN identity.sessions session ON session.id = token.session_id
            WHERE token.token_hash = $1 AND token.replaced_at IS NULL AND session.ended_at IS NULL AND session.expires_at > $2
            FOR NO KEY UPDATE
        ), spent AS (
            UPDATE identity.refresh_tokens t SET replaced_at = $2, sealed_successor = $3 FROM found WHERE t.token_hash = found.token_hash
        ), forgotten AS (
            UPDATE identity.refresh_tokens t SET sealed_successor = NULL FROM found WHERE t.token_hash = found.predecessor_hash
        ), next AS (
            INSERT INTO identity.refresh_tokens (token_hash, session_id, created_at, predecessor_hash)
            SELECT $4, session_id, $2, $1 FROM found
        )
        UPDATE identity.sessions session SET last_used_at = $2, expires_at = $5
        FROM found, identity.users owner
        WHERE session.id = found.session_id AND owner.id = session.user_id
        RETURNING owner.id, owner.email, owner.full_name, owner.tier, owner.role, owner.created_at,
                  session.id, session.created_at, session.user_agent, session.ip_address, session.commands_session_id
        """;

    public async Task LogInAsync(HttpContext context)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        User? user = null;
        var hash = "";
        await using (var find = database.Command(FindUser, body.RootElement.GetProperty("email").GetString()))
        await using (var row = await find.ExecuteReaderAsync())
        {
            if (await row.ReadAsync())
            {
                (user, hash) = (User.Read(row), row.GetString(6));
            }
        }

        if (user is null || !await VerifyAsync(body.RootElement.GetProperty("password").GetString()!, hash))
        {
            await Answer.StatusAsync(context, 401);
            return;
        }

        var now = DateTime.UtcNow;
        var ids = new Ids(user.Id, Guid.CreateVersion7());
        var commandsSession = Guid.NewGuid();
        var refresh = RandomNumberGenerator.GetBytes(32);
        var expires = now.AddDays(30);
        var agent = context.Request.Headers.UserAgent.ToString();
        var address = context.Connection.RemoteIpAddress;
        await using (
            var open = database.Command(
                Open,
                ids.UserId,
                now,
                ids.SessionId,
                commandsSession,
                expires,
                agent,
                Sql.Typed(address, NpgsqlDbType.Inet),
                SHA256.HashData(refresh)
            )
        )
        {
            await open.ExecuteNonQueryAsync();
        }

        await commands.StartSessionAsync(commandsSession);
        await Answer.JsonAsync(
            context,
            200,
            json => WriteTokens(json, user, tokens.Mint(ids, now), refresh, ids.SessionId, now, now, expires, agent, address?.ToString())
        );
    }

    public async Task RefreshAsync(HttpContext context)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var token = Base64Url.DecodeFromChars(body.RootElement.GetProperty("refreshToken").GetString());
        var next = RandomNumberGenerator.GetBytes(32);
        var now = DateTime.UtcNow;
        var expires = now.AddDays(30);
        await using var replace = database.Command(Replace, SHA256.HashData(token), now, Seal(token, next), SHA256.HashData(next), expires);
        await using var row = await replace.ExecuteReaderAsync();
        if (!await row.ReadAsync())
        {
            await Answer.StatusAsync(context, 401);
            return;
        }

        var ids = new Ids(row.GetGuid(0), row.GetGuid(6));
        _ = commands.RefreshSessionAsync(row.GetGuid(10));
        await Answer.JsonAsync(
            context,
            200,
            json =>
                WriteTokens(
                    json,
                    User.Read(row),
                    tokens.Mint(ids, now),
                    next,
                    ids.SessionId,
                    row.GetDateTime(7),
                    now,
                    expires,
                    row.Nullable<string>(8),
                    row.Nullable<System.Net.IPAddress>(9)?.ToString()
                )
        );
    }

    private static void WriteTokens(
        Utf8JsonWriter json,
        User user,
        string access,
        byte[] refresh,
        Guid session,
        DateTime created,
        DateTime used,
        DateTime expires,
        string? agent,
        string? address
    )
    {
        json.WriteStartObject();
        json.WriteString("accessToken", access);
        json.WriteString("tokenType", "Bearer");
        json.WriteNumber("expiresIn", (int)Tokens.Lifetime.TotalSeconds);
        json.WriteString("refreshToken", Base64Url.EncodeToString(refresh));
        json.WriteString("refreshTokenExpiresAt", expires);
        json.WriteStartObject("session");
        json.WriteString("id", session);
        json.WriteString("createdAt", created);
        json.WriteString("lastUsedAt", used);
        json.WriteString("expiresAt", expires);
        json.WriteString("userAgent", agent);
        json.WriteString("ipAddress", address);
        json.WriteBoolean("current", true);
        json.WriteString("commandsServer", "ready");
        json.WriteEndObject();
        json.WritePropertyName("user");
        user.Write(json);
        json.WriteEndObject();
    }

    private async Task<bool> VerifyAsync(string password, string stored)
    {
        // $argon2id$v=19$m=…,t=…,p=1$salt$hash
        var parts = stored.Split('$');
        var numbers = parts[3].Split(',');
        var salt = Decode(parts[4]);
        var expected = Decode(parts[5]);
        var parameters = new Argon2Parameters
        {
            DegreeOfParallelism = 1,
            MemorySize = int.Parse(numbers[0].AsSpan(2), CultureInfo.InvariantCulture),
            NumberOfPasses = int.Parse(numbers[1].AsSpan(2), CultureInfo.InvariantCulture),
        };
        await places.WaitAsync();
        try
        {
            return await Task.Run(() =>
                CryptographicOperations.FixedTimeEquals(
                    PasswordBasedKeyDerivationAlgorithm
                        .Argon2id(parameters)
                        .DeriveBytes(Encoding.UTF8.GetBytes(password.Normalize()), salt, expected.Length),
                    expected
                )
            );
        }
        finally
        {
            places.Release();
        }
    }

    private static byte[] Decode(string text) => Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));

    private static byte[] Seal(byte[] token, byte[] successor)
    {
        var box = new byte[12 + 16 + 32];
        RandomNumberGenerator.Fill(box.AsSpan(..12));
        using var cipher = new AesGcm(
            HKDF.DeriveKey(HashAlgorithmName.SHA256, token, 32, info: "netpilot refresh successor"u8.ToArray()),
            16
        );
        cipher.Encrypt(box.AsSpan(..12), successor, box.AsSpan(28), box.AsSpan(12, 16));
        return box;
    }
}

internal sealed record User(Guid Id, string Email, string? FullName, string Tier, string Role, DateTime CreatedAt)
{
    /// <summary>From the first six columns.</summary>
    public static User Read(NpgsqlDataReader row) =>
        new(row.GetGuid(0), row.GetString(1), row.Nullable<string>(2), row.GetString(3), row.GetString(4), row.GetDateTime(5));

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", Id);
        json.WriteString("email", Email);
        json.WriteString("fullName", FullName);
        json.WriteString("tier", Tier);
        json.WriteString("role", Role);
        json.WriteString("createdAt", CreatedAt);
        json.WriteEndObject();
    }
}
