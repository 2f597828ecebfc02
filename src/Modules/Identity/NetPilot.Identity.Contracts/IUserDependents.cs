namespace NetPilot.Identity.Contracts;

/// <summary>
/// What goes with an account. Each module that keeps something for a user implements it; Identity calls all of them before it removes the user,
/// those registered last first. Modules are registered from the lowest to the highest, so that what stands higher goes first.
/// </summary>
public interface IUserDependents
{
    /// <summary>Removes all that the user owns in this module. Safe to repeat: a deletion that a crash cut short is finished by doing it again.</summary>
    Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken);
}
