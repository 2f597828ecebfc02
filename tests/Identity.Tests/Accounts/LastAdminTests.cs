using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Accounts;

/// <summary>Two replicas with a database of their own.</summary>
public sealed class TwoReplicas(IdentityServer server) : IAsyncLifetime
{
    public OwnStack Stack { get; private set; } = null!;

    public NetPilotProcess One { get; private set; } = null!;

    public NetPilotProcess Two { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Stack = await OwnStack.StartAsync(server);
        One = await Stack.StartReplicaAsync();
        Two = await Stack.StartReplicaAsync();
    }

    public ValueTask DisposeAsync() => Stack.DisposeAsync();
}

/// <summary>Once there is an admin who can log in, there is always one.</summary>
[OneDialect]
public sealed class LastAdminTests(TwoReplicas replicas) : IClassFixture<TwoReplicas>
{
    private const string Active = "role = 'admin' AND disabled_at IS NULL AND deleted_at IS NULL";
    private readonly OwnStack stack = replicas.Stack;
    private readonly NetPilotProcess one = replicas.One;
    private readonly NetPilotProcess two = replicas.Two;

    private static CancellationToken EndOfTest => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_last_admin_stays_one_on_every_path()
    {
        var (admin, id) = await OnlyAdminAsync();
        await DisabledAsync((await NewAdminAsync(one)).Id);
        await (await admin.Http.Patch($"/admin/users/{id}", new { role = "user" })).ShouldBeProblemAsync(409, "last_admin");
        await (await admin.Http.Patch($"/admin/users/{id}", new { disabled = true })).ShouldBeProblemAsync(409, "last_admin");
        // More often than wrong passwords may be given: the right one counts for none.
        for (var i = 0; i < 7; i++)
        {
            await (await admin.Http.Delete("/me", new { password = Calls.Password })).ShouldBeProblemAsync(409, "last_admin");
        }

        await (await admin.Http.Delete("/me", new { password = "not the password" })).ShouldBeProblemAsync(401, "invalid_credentials");
        (await stack.ScalarAsync<long>("SELECT count(*) FROM identity.account_deletions WHERE user_id = $1", id)).ShouldBe(0);
        await (await admin.Http.Get("/admin/users")).ShouldBeJsonAsync(200);

        var (other, otherId) = await NewAdminAsync(two);
        await (await admin.Http.Delete("/me", new { password = Calls.Password })).ShouldBeEmptyAsync(204);
        await (await other.Http.Delete("/me", new { password = Calls.Password })).ShouldBeProblemAsync(409, "last_admin");
        (await stack.ScalarAsync<Guid>($"SELECT id FROM identity.users WHERE {Active}")).ShouldBe(otherId);
    }

    [Theory]
    [InlineData("delete", "delete")]
    [InlineData("delete", "demote")]
    [InlineData("demote", "demote")]
    [InlineData("demote", "disable")]
    [InlineData("disable", "delete")]
    public async Task Of_two_admins_who_go_at_once_on_two_replicas_one_stays(string first, string second)
    {
        var (admin, id) = await OnlyAdminAsync();
        var (other, otherId) = await NewAdminAsync(two);
        // Both have written before either commits.
        await stack.ExecuteAsync(
            """
            CREATE OR REPLACE FUNCTION public.dwell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END';
            CREATE TRIGGER dwell AFTER UPDATE OF role, disabled_at, deleted_at ON identity.users FOR EACH ROW EXECUTE FUNCTION public.dwell();
            """
        );
        HttpResponseMessage[] answers;
        try
        {
            answers = await Task.WhenAll(GoAsync(admin, id, first), GoAsync(other, otherId, second));
        }
        finally
        {
            // Each row of the other tests' updates would wait too.
            await stack.ExecuteAsync("DROP TRIGGER dwell ON identity.users");
        }

        answers.Count(answer => answer.IsSuccessStatusCode).ShouldBe(1);
        await answers.Single(answer => !answer.IsSuccessStatusCode).ShouldBeProblemAsync(409, "last_admin");
        var left = answers[0].IsSuccessStatusCode ? other : admin;
        await (await left.Http.Get("/admin/users")).ShouldBeJsonAsync(200);
        (await stack.ScalarAsync<long>($"SELECT count(*) FROM identity.users WHERE {Active}")).ShouldBe(1);
    }

    [Theory]
    [InlineData("UPDATE identity.users SET role = 'user'")]
    [InlineData("UPDATE identity.users SET disabled_at = now()")]
    [InlineData("UPDATE identity.users SET deleted_at = now()")]
    [InlineData("DELETE FROM identity.users")]
    public async Task PostgreSQL_itself_refuses_to_lose_the_last_admin(string change)
    {
        var (_, id) = await OnlyAdminAsync();
        await stack.ExecuteAsync($"{change} WHERE id <> $1", id);
        var refusal = await Should.ThrowAsync<PostgresException>(() => stack.ExecuteAsync(change));
        refusal.SqlState.ShouldBe(PostgresErrorCodes.CheckViolation);
        refusal.ConstraintName.ShouldBe("last_admin");
        refusal.MessageText.ShouldContain("last admin");
        (await stack.ScalarAsync<Guid>($"SELECT id FROM identity.users WHERE {Active}")).ShouldBe(id);

        await NewAdminAsync(one);
        await EndSessionsAsync();
        await stack.ExecuteAsync($"{change} WHERE id = $1", id);
    }

    [Fact]
    public async Task An_operator_may_hand_the_role_over_in_one_transaction()
    {
        var (_, old) = await OnlyAdminAsync();
        var next = await OwnStack.LogInAsync(one);
        await using var connection = await stack.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(EndOfTest);
        await ExecuteAsync(connection, $"UPDATE identity.users SET role = 'user' WHERE id = '{old}'");
        await ExecuteAsync(connection, $"UPDATE identity.users SET role = 'admin' WHERE email = '{next.Email}'");
        await transaction.CommitAsync(EndOfTest);
        await (await next.Http.Get("/admin/users")).ShouldBeJsonAsync(200);
    }

    [Theory]
    [InlineData(System.Data.IsolationLevel.ReadCommitted)]
    [InlineData(System.Data.IsolationLevel.RepeatableRead)]
    [InlineData(System.Data.IsolationLevel.Serializable)]
    public async Task Of_two_transactions_that_each_take_another_admin_away_one_fails_at_every_isolation_level(
        System.Data.IsolationLevel level
    )
    {
        var ((_, first), (_, second)) = (await OnlyAdminAsync(), await NewAdminAsync(one));
        await using var a = await stack.ConnectAsync();
        await using var b = await stack.ConnectAsync();
        await using var inA = await a.BeginTransactionAsync(level, EndOfTest);
        await using var inB = await b.BeginTransactionAsync(level, EndOfTest);
        await ExecuteAsync(a, $"UPDATE identity.users SET role = 'user' WHERE id = '{first}'");
        await ExecuteAsync(b, $"UPDATE identity.users SET role = 'user' WHERE id = '{second}'");
        var refused = await Refuses(inA) ? first : second;
        (await Refuses(inB)).ShouldBe(refused == second);
        (await stack.ScalarAsync<Guid>($"SELECT id FROM identity.users WHERE {Active}")).ShouldBe(refused);

        static async Task<bool> Refuses(NpgsqlTransaction transaction)
        {
            try
            {
                await transaction.CommitAsync(EndOfTest);
                return false;
            }
            catch (PostgresException)
            {
                return true;
            }
        }
    }

    private static Task<HttpResponseMessage> GoAsync(StackLogin admin, Guid id, string how) =>
        how switch
        {
            "delete" => admin.Http.Delete("/me", new { password = Calls.Password }),
            "demote" => admin.Http.Patch($"/admin/users/{id}", new { role = "user" }),
            _ => admin.Http.Patch($"/admin/users/{id}", new { disabled = true }),
        };

    private async Task<(StackLogin Login, Guid Id)> NewAdminAsync(NetPilotProcess replica)
    {
        var login = await OwnStack.LogInAsync(replica);
        await stack.ExecuteAsync("UPDATE identity.users SET role = 'admin' WHERE email = $1", login.Email);
        return (login, login.Tokens.GetProperty("user").GetProperty("id").GetGuid());
    }

    private async Task<(StackLogin Login, Guid Id)> OnlyAdminAsync()
    {
        await EndSessionsAsync();
        var admin = await NewAdminAsync(one);
        await stack.ExecuteAsync("UPDATE identity.users SET role = 'user' WHERE id <> $1", admin.Id);
        return admin;
    }

    // A user's row is deleted by hand when no session of it lives: those without a user are the server's own.
    private Task EndSessionsAsync() => stack.ExecuteAsync("UPDATE identity.sessions SET ended_at = now() WHERE ended_at IS NULL");

    private Task DisabledAsync(Guid id) => stack.ExecuteAsync("UPDATE identity.users SET disabled_at = now() WHERE id = $1", id);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(EndOfTest);
    }
}
