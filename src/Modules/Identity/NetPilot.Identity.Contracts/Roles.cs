namespace NetPilot.Identity.Contracts;

/// <summary>The names of roles, for <c>Roles(…)</c> in an endpoint's <c>Configure()</c>.</summary>
public static class Roles
{
    /// <summary>May administer users and claims.</summary>
    public const string Admin = "admin";
}
