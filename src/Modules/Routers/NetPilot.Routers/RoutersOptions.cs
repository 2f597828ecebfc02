using System.ComponentModel.DataAnnotations;

namespace NetPilot.Routers;

/// <summary>The settings under <c>Routers</c>.</summary>
internal sealed class RoutersOptions
{
    public const string Section = "Routers";

    /// <summary>How often an hour a user at an address is told that a router is taken, before all claims are refused for a while.</summary>
    [Range(1, 1000, ErrorMessage = "Routers:ClaimsPerHour must be between 1 and 1000.")]
    public int ClaimsPerHour { get; set; } = 10;
}
