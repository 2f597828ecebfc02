namespace NetPilot.Devices.Contracts;

/// <summary>
/// Settings of a transaction in which one statement of a batch leaves targets for a later one, so that no round trip is between them. Each is an
/// array of PostgreSQL as text, such as <c>{192.168.1.10,192.168.1.11}</c>. A batch is one transaction, and its settings end with it.
/// </summary>
public static class TargetsOfBatch
{
    /// <summary>The MACs of the targets that have one.</summary>
    public const string Macs = "netpilot.target_macs";

    /// <summary>The addresses of the targets that have a MAC.</summary>
    public const string AddressesOfMacs = "netpilot.target_addresses_of_macs";

    /// <summary>The addresses of the targets that have none.</summary>
    public const string Addresses = "netpilot.target_addresses";
}
