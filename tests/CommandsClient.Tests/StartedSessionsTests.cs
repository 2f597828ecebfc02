using Microsoft.Extensions.Time.Testing;
using NetPilot.CommandsClient.Sessions;
using NetPilot.CommandsClient.Tests.Support;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

/// <summary>What a replica remembers of starts, beside others that start the same sessions.</summary>
public sealed class StartedSessionsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void What_was_no_doubt_is_asked_again_after_a_while_and_a_doubt_stays()
    {
        var started = new StartedSessions(_time);
        var (own, others, doubtful) = (TestClient.NewSession(), TestClient.NewSession(), TestClient.NewSession());
        started.Succeeded(own);
        started.Believe(others);
        started.Doubt(doubtful);
        started.Believe(doubtful);
        new[] { own, others, doubtful }.ShouldAllBe(session => started.Knows(session));

        _time.Advance(TimeSpan.FromMinutes(6));

        started.Knows(own).ShouldBeFalse();
        started.Knows(others).ShouldBeFalse();
        started.IsDoubtful(doubtful).ShouldBeTrue();
    }

    [Fact]
    public void What_is_believed_is_no_start_that_succeeded()
    {
        var started = new StartedSessions(_time);
        var (own, others) = (TestClient.NewSession(), TestClient.NewSession());
        var before = _time.GetTimestamp() - 1;

        started.Succeeded(own);
        started.Believe(others);

        started.SucceededSince(own, before).ShouldBeTrue();
        started.SucceededSince(others, before).ShouldBeFalse();
    }
}
