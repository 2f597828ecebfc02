namespace NetPilot.Routers.Data.Entities;

/// <summary>What the last command that says anything about it saw of a router.</summary>
internal enum Reachability
{
    Unknown,
    Online,
    Offline,
}
