namespace NetPilot.Identity.Contracts;

/// <summary>What is deleted with an account. Each module that stores something for a user implements it. Identity calls all of them before it deletes the user.</summary>
public interface IUserDependents
{
    /// <summary>The order of the calls, lowest first. Higher modules come first.</summary>
    int Order { get; }

    /// <summary>Deletes all that the user owns in this module. It is safe to repeat: a deletion that a crash interrupted is repeated.</summary>
    Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken);
}
