namespace NetPilot.Devices.Data.Entities;

/// <summary>What the user says a device is.</summary>
internal enum DeviceType
{
    Phone,
    Tablet,
    Computer,
    Tv,
    Console,
    Iot,
    Printer,
    Camera,
    Router,
    Other,
}
