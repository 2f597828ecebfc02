using NetPilot.Persistence;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>What holds for connections where the connection string says so and where it does not.</summary>
[OneDialect]
public sealed class ConnectionDefaultsTests
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

    /// <summary>Npgsql would ask for it with each new connection.</summary>
    [Theory]
    [InlineData("", GssEncryptionMode.Disable)]
    [InlineData(";GSS Encryption Mode=Prefer", GssEncryptionMode.Prefer)]
    [InlineData(";gssencryptionmode=Require", GssEncryptionMode.Require)]
    public void Kerberos_is_for_who_asks_for_it(string words, GssEncryptionMode mode) =>
        SettingsOf(Server + words).GssEncryptionMode.ShouldBe(mode);

    /// <summary>Everybody who needs a connection waits for a host that does not answer, each time that what is known of it is too old.</summary>
    [Theory]
    [InlineData("Host=127.0.0.1", 15, 10)]
    [InlineData("Host=127.0.0.1,127.0.0.2", 5, 60)]
    [InlineData("Host=127.0.0.1,127.0.0.2;timeout=7;HostRecheckSeconds=9", 7, 9)]
    public void Several_hosts_are_waited_for_less_and_less_often(string words, int timeout, int recheck)
    {
        var settings = SettingsOf(words);
        (settings.Timeout, settings.HostRecheckSeconds).ShouldBe((timeout, recheck));
    }

    /// <summary>Npgsql refuses it where there is no pool, as for looks.</summary>
    [Fact]
    public void Multiplexing_is_for_the_pool_alone()
    {
        const string Words = Server + ";Multiplexing=true";

        SettingsOf(Words).Multiplexing.ShouldBeTrue();
        using var look = DatabaseSources.BuildForLooks(Words, DatabasePooler.None).ShouldHaveSingleItem();
        new NpgsqlConnectionStringBuilder(look.ConnectionString).Multiplexing.ShouldBeFalse();
    }

    /// <summary>A migration that reads a large table, or waits for a dump, takes as long as it takes.</summary>
    [Theory]
    [InlineData("", 0)]
    [InlineData(";Command Timeout=7", null)]
    public void A_migration_has_all_the_time_that_it_needs(string words, int? seconds) =>
        DatabaseSources.MigrationTimeoutOf(Server + words).ShouldBe(seconds);

    private static int SizeOf(string connectionString) => SettingsOf(connectionString).MaxPoolSize;

    private static NpgsqlConnectionStringBuilder SettingsOf(string connectionString)
    {
        using var source = DatabaseSources.BuildPool(connectionString, DatabasePooler.None).Source;
        return new NpgsqlConnectionStringBuilder(source.ConnectionString);
    }
}
