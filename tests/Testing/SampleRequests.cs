using System.Security.Cryptography;

namespace NetPilot.Testing;

/// <summary>A valid value for every field that a request body can have, so that a test can call any endpoint.</summary>
public static class SampleRequests
{
    public const string Secret = "Wifi-Secret-42";

    private static readonly object[] Windows =
    [
        new
        {
            days = new[] { "mon" },
            from = "21:00",
            to = "06:30",
        },
    ];

    /// <summary>A schedule for a person.</summary>
    public static object ScheduleFor(string personId) =>
        new
        {
            name = "Bedtime",
            personId,
            windows = Windows,
        };

    /// <summary>A body that its validator takes.</summary>
    /// <exception cref="KeyNotFoundException">A field that is new here: give it a value below.</exception>
    public static Dictionary<string, object?> BodyFor(ApiEndpoint endpoint, string? ip = null, string? personId = null) =>
        endpoint.BodyProperties.ToDictionary(
            property => char.ToLowerInvariant(property.Name[0]) + property.Name[1..],
            property => ValueFor(property.Name, ip, personId)
        );

    private static object? ValueFor(string name, string? ip, string? personId) =>
        name switch
        {
            "Ip" => ip ?? "192.168.1.10",
            // A body names a device by its address or by its id.
            "DeviceId" => null,
            "PersonId" => personId ?? Guid.CreateVersion7().ToString(),
            "DeviceIds" => Array.Empty<Guid>(),
            "Items" => new[] { new { ip = ip ?? "192.168.1.10" } },
            "RouterId" => TestRouter.NewId(),
            "Name" or "FullName" => "Sample",
            "Reason" or "Description" => "because",
            "ExpiresAt" => TimeProvider.System.GetUtcNow().AddDays(1),
            "Email" => TestUsers.NewEmail(),
            "Password" => Secret,
            "CurrentPassword" => TestUsers.Password,
            "NewPassword" => "another " + RandomNumberGenerator.GetHexString(12),
            "RefreshToken" or "Token" => Convert
                .ToBase64String(RandomNumberGenerator.GetBytes(32))
                .TrimEnd('=')
                .Replace('+', '-')
                .Replace('/', '_'),
            "Ssid" => "Sample",
            "Type" => "phone",
            "Tier" => "pro",
            "Role" => "user",
            "Disabled" => false,
            "Acknowledged" => true,
            "Into" => Guid.CreateVersion7(),
            "TimeZone" => "Europe/Berlin",
            "Color" => "#1e88e5",
            "Until" => TimeProvider.System.GetUtcNow().AddDays(1),
            "Windows" => Windows,
            "Exceptions" => new[] { new { date = "2030-12-31", windows = Array.Empty<object>() } },
            "Enabled" => true,
            _ => throw new KeyNotFoundException($"There is no sample for a field called {name}: add one to {nameof(SampleRequests)}."),
        };
}
