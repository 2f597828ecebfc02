using NetPilot.Identity.Data;
using NetPilot.Identity.Data.Statements;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Sessions;

[OneDialect]
public sealed class DueEndsTests(IdentityServer server)
{
    private static CancellationToken EndOfTest => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_deadlock_with_another_replica_does_not_put_the_due_ends_off()
    {
        await using var database = NpgsqlDataSource.Create(await server.PreparedDatabaseAsync(EndOfTest));
        // A sequence is not rolled back, so that the second attempt goes through.
        await using var prepare = database.CreateCommand(
            """
            CREATE SEQUENCE public.attempts;
            CREATE FUNCTION public.deadlock_once() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN IF nextval(''public.attempts'') = 1 THEN RAISE EXCEPTION USING ERRCODE = ''40P01''; END IF; RETURN NULL; END';
            CREATE TRIGGER deadlock_once AFTER UPDATE ON identity.sessions FOR EACH STATEMENT EXECUTE FUNCTION public.deadlock_once();
            """
        );
        await prepare.ExecuteNonQueryAsync(EndOfTest);

        var now = TimeProvider.System.GetUtcNow();
        (await TakeDueEnds.RunAsync(database, new Lease(now, now.AddMinutes(1)), 1, EndOfTest)).ShouldBeEmpty();

        await using var count = database.CreateCommand("SELECT last_value FROM public.attempts");
        (await count.ExecuteScalarAsync(EndOfTest)).ShouldBe(3L);
    }
}
