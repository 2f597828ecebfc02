namespace NetPilot.Identity.Contracts;

/// <summary>What goes with an account. Each module that keeps something for a user implements it; Identity calls all of them before it removes the user.</summary>
public interface IUserDependents
{
    /// <summary>The order in which implementers are called, lowest first: what stands higher in the module stack goes first.</summary>
    int Order { get; }

    /// <summary>Removes all that the user owns in this module. Safe to repeat: a deletion that a crash cut short is finished by doing it again.</summary>
    Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken);
}
