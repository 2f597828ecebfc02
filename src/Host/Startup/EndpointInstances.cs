namespace NetPilot.Host.Startup;

/// <summary>
/// The start asks an instance of each endpoint for its route. That instance gets no services: they would be made for nothing, and with them the
/// contexts of EF Core (docs/decisions/0052). A constructor of an endpoint therefore only keeps what it gets.
/// </summary>
internal sealed class EndpointInstances : IEndpointFactory
{
    private readonly EndpointFactory _ofRequests = new();

    public BaseEndpoint Create(EndpointDefinition definition, HttpContext ctx) =>
        IsOfTheStart(ctx) ? WithoutServices(definition.EndpointType) : _ofRequests.Create(definition, ctx);

    // FastEndpoints tells them apart in the same way: its context of the start has no connection.
    private static bool IsOfTheStart(HttpContext context) => context.Connection.Id is null;

    private static BaseEndpoint WithoutServices(Type type)
    {
        var constructor = type.GetConstructors().Single();
        return (BaseEndpoint)constructor.Invoke(new object?[constructor.GetParameters().Length]);
    }
}
