namespace NetPilot.Devices.Contracts;

/// <summary>
/// Metadata of an endpoint below a router whose body names a device by its address, in the field <c>ip</c>. Devices reads that device in the round
/// trip that reads the caller's session, and the endpoint's first <see cref="IDeviceDirectory.FindByAddressAsync"/> returns it.
/// </summary>
public sealed class NamesDevice;
