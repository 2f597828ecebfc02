namespace NetPilot.Identity;

internal static class IdentityMeter
{
    public const string Name = "NetPilot.Identity";
}
