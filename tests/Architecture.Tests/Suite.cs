using NetPilot.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(NetPilotServer))]
