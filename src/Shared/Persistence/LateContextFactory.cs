using Microsoft.EntityFrameworkCore.Infrastructure;

namespace NetPilot.Persistence;

/// <summary>A pool of contexts whose options are made with the first context, so that a start that needs none does not load EF Core.</summary>
internal sealed class LateContextFactory<TContext>(Func<DbContextOptions<TContext>> makeOptions) : IDbContextFactory<TContext>
    where TContext : DbContext
{
    private readonly Lazy<PooledDbContextFactory<TContext>> _contexts = new(() => new(makeOptions()));

    public TContext CreateDbContext() => _contexts.Value.CreateDbContext();

    public Task<TContext> CreateDbContextAsync(CancellationToken cancellationToken = default) =>
        _contexts.Value.CreateDbContextAsync(cancellationToken);
}
