using Microsoft.Extensions.DependencyInjection;
using NetPilot.Blacklist.Data;
using NetPilot.Blacklist.Data.Statements;
using NetPilot.Blacklist.Lifecycle;
using NetPilot.Blacklist.Turns;
using NetPilot.Routers.Contracts;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>An outcome is written again where the connection broke, whatever the broken connection says.</summary>
public sealed class BrokenWriteTests(BlacklistServer server)
{
    [Fact]
    public async Task An_outcome_is_written_although_the_pool_was_thrown_away_at_that_moment()
    {
        var router = await server.NewRouterAsync();
        (await router.BlockAsync(router.Simulated.Device().Ip)).Dispose();
        var store = server.Services.GetRequiredService<RuleStore>();
        var block = (await store.LoadAsync(RuleKind.Block, router.Owner.Id, router.RouterId, [])).ShouldHaveSingleItem();
        var end = new BreaksOnce(server.ConnectionString);

        var saved = await server
            .Services.GetRequiredService<RuleWriter>()
            .SaveAsync(block, ListedOutcomes.Unconfirmed(block), block.Fence, end);

        saved.ShouldNotBeNull().Code.ShouldBe(RuleCodes.Unconfirmed);
        (await store.FindAsync(block, TestContext.Current.CancellationToken)).ShouldNotBeNull().Code.ShouldBe(RuleCodes.Unconfirmed);
        end.IsComplete.ShouldBeTrue();
    }

    /// <summary>The end of a turn, which finds its connections gone at the first attempt.</summary>
    private sealed class BreaksOnce(string connectionString) : ITurnEnd
    {
        private bool _isBroken;

        public bool IsComplete { get; private set; }

        public void AddTo(NpgsqlBatch batch)
        {
            if (_isBroken)
            {
                return;
            }

            _isBroken = true;
            var pool = NpgsqlDataSource.Create(connectionString);
            pool.Dispose();
            using var connection = pool.OpenConnection();
        }

        public void Complete() => IsComplete = true;
    }
}
