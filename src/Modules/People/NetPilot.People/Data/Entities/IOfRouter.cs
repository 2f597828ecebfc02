namespace NetPilot.People.Data.Entities;

/// <summary>A row that belongs to a router.</summary>
internal interface IOfRouter
{
    /// <summary>The router's owner.</summary>
    Guid UserId { get; }

    string RouterId { get; }
}
