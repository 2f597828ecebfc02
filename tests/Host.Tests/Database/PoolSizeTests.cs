using NetPilot.Persistence;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>How many connections a pool opens, where the connection string says so and where it does not.</summary>
[OneDialect]
public sealed class PoolSizeTests
{
    private const string Server = "Host=127.0.0.1;Username=nobody";

    [Fact]
    public void Without_a_size_two_replicas_fit_into_a_PostgreSQL_with_its_default_limit()
    {
        const int MaxConnections = 100;
        const int ReservedForOwners = 3;

        var size = SizeOf(Server);

        size.ShouldBe(DatabaseSources.DefaultPoolSize);
        size.ShouldBeLessThan(MaxConnections - ReservedForOwners);
        if (Environment.ProcessorCount <= 4)
        {
            (2 * size).ShouldBeLessThan(MaxConnections - ReservedForOwners);
        }
    }

    [Theory]
    [InlineData("Maximum Pool Size=7", 7)]
    [InlineData("maximum pool size=7", 7)]
    [InlineData("MaxPoolSize=7", 7)]
    [InlineData("Minimum Pool Size=500;Maximum Pool Size=900", 900)]
    [InlineData("Minimum Pool Size=500", 500)]
    public void What_the_connection_string_says_counts(string words, int size) => SizeOf($"{Server};{words}").ShouldBe(size);

    private static int SizeOf(string connectionString)
    {
        using var source = DatabaseSources.Build(connectionString, DatabasePooler.None);
        return new NpgsqlConnectionStringBuilder(source.ConnectionString).MaxPoolSize;
    }
}
