using NetPilot.Browser.Tests;
using NetPilot.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(NetPilotServer))]
[assembly: AssemblyFixture(typeof(Chromium))]
