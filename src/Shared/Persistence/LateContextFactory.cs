using Microsoft.EntityFrameworkCore.Infrastructure;

namespace NetPilot.Persistence;

/// <summary>A pool of contexts whose options are made with the first context, so that a start that needs none does not load EF Core.</summary>
internal sealed class LateContextFactory<TContext>(Func<DbContextOptions<TContext>> makeOptions) : IDbContextFactory<TContext>
    where TContext : DbContext
{
    // A first attempt that fails, as for want of memory, is not the last one.
    private readonly Lazy<PooledDbContextFactory<TContext>> _contexts = new(() => new(makeOptions()), LazyThreadSafetyMode.PublicationOnly);

    public TContext CreateDbContext() => _contexts.Value.CreateDbContext();

    public Task<TContext> CreateDbContextAsync(CancellationToken cancellationToken = default) =>
        _contexts.Value.CreateDbContextAsync(cancellationToken);
}
