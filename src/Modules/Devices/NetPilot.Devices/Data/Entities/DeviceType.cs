namespace NetPilot.Devices.Data.Entities;

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
