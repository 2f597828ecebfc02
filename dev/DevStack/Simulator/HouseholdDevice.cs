namespace NetPilot.DevStack.Simulator;

/// <summary>What NetPilot has stored of a device, for the simulator's page: the Commands-Server knows of MACs alone.</summary>
/// <param name="RouterId">The router.</param>
/// <param name="Mac">The device.</param>
/// <param name="Person">Whose it is; null where it is nobody's.</param>
/// <param name="State">How far its block got; null where there is none.</param>
/// <param name="Reasons">Why it is held: by hand, a pause, a schedule.</param>
internal sealed record HouseholdDevice(string RouterId, string Mac, string? Person, string? State, IReadOnlyList<string> Reasons);
