using ArchUnitNET.xUnitV3;
using FastEndpoints;
using FluentValidation;
using Microsoft.EntityFrameworkCore;
using Shouldly;
using Xunit;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace NetPilot.Architecture.Tests;

/// <summary>What code may do, wherever it stands.</summary>
public sealed class CodeTests
{
    [Fact]
    public void Only_the_commands_client_speaks_HTTP() =>
        Types()
            .That()
            .ResideInNamespaceMatching(@"^NetPilot\.(?!CommandsClient(\.|$))")
            .Should()
            .NotDependOnAnyTypesThat()
            .HaveFullNameMatching(
                @"^(Flurl\.|System\.Net\.Http\.(HttpClient|HttpMessageInvoker|SocketsHttpHandler|HttpClientHandler|IHttpClientFactory))"
            )
            .Because("every downstream call passes its checks, its timeouts and its redaction")
            .WithoutRequiringPositiveResults()
            .Check(Code.Architecture);

    [Fact]
    public void The_clock_is_read_through_TimeProvider() =>
        Types()
            .That()
            .ResideInNamespaceMatching(@"^NetPilot\.")
            .Should()
            .FollowCustomCondition(
                type =>
                {
                    var read = type
                        .Dependencies.OfType<ArchUnitNET.Domain.Dependencies.MethodCallDependency>()
                        .Select(call => call.TargetMember.FullName)
                        .FirstOrDefault(name =>
                            name.Contains("System.DateTime::get_Now", StringComparison.Ordinal)
                            || name.Contains("System.DateTime::get_UtcNow", StringComparison.Ordinal)
                            || name.Contains("System.DateTime::get_Today", StringComparison.Ordinal)
                            || name.Contains("System.DateTimeOffset::get_Now", StringComparison.Ordinal)
                            || name.Contains("System.DateTimeOffset::get_UtcNow", StringComparison.Ordinal)
                            || name.Contains("System.Threading.Thread::Sleep", StringComparison.Ordinal)
                        );
                    return new ArchUnitNET.Fluent.Conditions.ConditionResult(type, read is null, $"calls {read}");
                },
                "read no clock but TimeProvider"
            )
            .Check(Code.Architecture);

    [Fact]
    public void Endpoints_validators_and_contexts_are_sealed() =>
        Code
            .Modules.SelectMany(module => Code.Written(Code.Module(module)))
            .Where(type => type is { IsClass: true, IsAbstract: false, IsSealed: false })
            .Where(type =>
                typeof(IEndpoint).IsAssignableFrom(type)
                || typeof(IValidator).IsAssignableFrom(type)
                || type.IsSubclassOf(typeof(DbContext))
            )
            .Select(type => type.FullName)
            .ShouldBeEmpty();

    [Fact]
    public void Names_of_endpoints_are_unique_and_tell_what_they_are()
    {
        var endpoints = Code
            .Modules.SelectMany(module => Code.Written(Code.Module(module)))
            .Where(type => type is { IsAbstract: false } && typeof(IEndpoint).IsAssignableFrom(type))
            .ToArray();

        endpoints.Length.ShouldBeGreaterThan(30);
        endpoints.Select(type => type.Name).ShouldBeUnique();
        endpoints.Where(type => !type.Name.EndsWith("Endpoint", StringComparison.Ordinal)).ShouldBeEmpty();
        endpoints.Where(type => !type.Namespace!.Contains(".Features.", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    /// <summary>FastEndpoints keeps one instance of each validator for all requests.</summary>
    [Fact]
    public void Validators_hold_nothing_that_belongs_to_a_request() =>
        Code
            .Modules.SelectMany(module => Code.Written(Code.Module(module)))
            .Where(type => type is { IsAbstract: false } && typeof(IValidator).IsAssignableFrom(type))
            .SelectMany(type =>
                type.GetConstructors().SelectMany(constructor => constructor.GetParameters()).Select(parameter => (type, parameter))
            )
            .Where(found => typeof(DbContext).IsAssignableFrom(found.parameter.ParameterType))
            .ShouldBeEmpty();
}
