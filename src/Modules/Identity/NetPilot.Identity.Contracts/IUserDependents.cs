namespace NetPilot.Identity.Contracts;

/// <summary>
/// What is deleted with an account. Each module that stores something for a user implements it. Identity calls all of them before it deletes
/// the user, those registered last first. Modules are registered from the lowest to the highest, so that higher modules come first.
/// </summary>
public interface IUserDependents
{
    /// <summary>Deletes all that the user owns in this module. It is safe to repeat: a deletion that a crash interrupted is repeated.</summary>
    Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken);
}
