namespace NetPilot.Testing;

/// <summary>Sends bodies as browsers do, with their length. HttpClient sends JSON in chunks.</summary>
internal sealed class BodiesWithLength(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is System.Net.Http.Json.JsonContent body)
        {
            await body.LoadIntoBufferAsync(cancellationToken);
        }

        return await base.SendAsync(request, cancellationToken);
    }
}
