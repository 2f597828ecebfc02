namespace NetPilot.Host.Startup;

/// <summary>
/// The start asks an instance of each endpoint for its route. That instance gets no services: they would be made for nothing, and with them the
/// contexts of EF Core (docs/decisions/0052). A constructor of an endpoint therefore only keeps what it gets.
/// </summary>
internal sealed class EndpointInstances : IEndpointFactory
{
    private readonly EndpointFactory _ofRequests = new();
    private volatile bool _serves;

    /// <summary>All routes are known: from now on, instances are for requests.</summary>
    public void ServeRequests() => _serves = true;

    public BaseEndpoint Create(EndpointDefinition definition, HttpContext ctx) =>
        _serves ? _ofRequests.Create(definition, ctx) : WithoutServices(definition.EndpointType);

    private static BaseEndpoint WithoutServices(Type type)
    {
        var constructor = type.GetConstructors().Single();
        return (BaseEndpoint)constructor.Invoke(new object?[constructor.GetParameters().Length]);
    }
}
