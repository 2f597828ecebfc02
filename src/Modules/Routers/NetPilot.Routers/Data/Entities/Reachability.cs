namespace NetPilot.Routers.Data;

/// <summary>What the last command that says anything about it saw of a router.</summary>
internal enum Reachability
{
    Unknown,
    Online,
    Offline,
}
