using NetPilot.Host.CommandLine;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.CommandLine;

public sealed class HostArgumentsTests
{
    [Theory]
    [InlineData("", HostCommand.Serve, "")]
    [InlineData("--urls http://127.0.0.1:1", HostCommand.Serve, "--urls http://127.0.0.1:1")]
    [InlineData("--urls=http://127.0.0.1:1 Auth:Issuer=x", HostCommand.Serve, "--urls=http://127.0.0.1:1 Auth:Issuer=x")]
    [InlineData("migrate --ConnectionStrings:NetPilot=Host=db", HostCommand.Migrate, "--ConnectionStrings:NetPilot=Host=db")]
    [InlineData("--Database:Pooler none migrate --script", HostCommand.PrintMigrations, "--Database:Pooler none")]
    [InlineData("ConnectionStrings:NetPilot=Password=p@ss migrate", HostCommand.Migrate, "ConnectionStrings:NetPilot=Password=p@ss")]
    [InlineData("admin grant a=b@example.org", HostCommand.Admin, "")]
    [InlineData("admin", HostCommand.Admin, "")]
    [InlineData("help", HostCommand.Help, "")]
    [InlineData("migrate --help", HostCommand.Help, "")]
    [InlineData("-h", HostCommand.Help, "")]
    [InlineData("--version", HostCommand.Version, "")]
    [InlineData("serve", HostCommand.Unknown, "")]
    [InlineData("migrate now", HostCommand.Unknown, "")]
    [InlineData("--script", HostCommand.Unknown, "")]
    [InlineData("--hlep", HostCommand.Unknown, "")]
    [InlineData("--hlep --urls=http://127.0.0.1:1", HostCommand.Unknown, "")]
    public void Commands_and_settings_are_told_apart(string line, object command, string settings)
    {
        var read = HostArguments.Read(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        read.Command.ShouldBe(command);
        string.Join(' ', read.Settings).ShouldBe(settings);
    }

    [Fact]
    public void What_may_hold_a_secret_is_not_repeated() =>
        HostArguments.Read(["migrate", "Password=p@ss"]).Complaint.ShouldBe("There is no command \"migrate …\".");
}
