using System.Net.Http.Json;
using Xunit;

namespace NetPilot.Identity.Tests;

/// <summary>Requests below <c>/api/v1</c>, ended with the test.</summary>
internal static class Calls
{
    public static Task<HttpResponseMessage> Get(this HttpClient client, string path) => client.Send(HttpMethod.Get, path);

    public static Task<HttpResponseMessage> Post(this HttpClient client, string path, object? body = null) =>
        client.Send(HttpMethod.Post, path, body);

    public static Task<HttpResponseMessage> Patch(this HttpClient client, string path, object body) =>
        client.Send(HttpMethod.Patch, path, body);

    public static Task<HttpResponseMessage> Delete(this HttpClient client, string path, object? body = null) =>
        client.Send(HttpMethod.Delete, path, body);

    private static async Task<HttpResponseMessage> Send(this HttpClient client, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri($"/api/v1{path}", UriKind.Relative));
        request.Content = body is null ? null : JsonContent.Create(body);
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
