using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>Takes what an OTLP exporter sends, as bytes.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<(string Path, string? Tenant, byte[] Body)> _received = new();

    private Collector(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Urls.Add($"http://127.0.0.1:{port}");
        _app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            _received.Enqueue((context.Request.Path, context.Request.Headers["X-Tenant"], body.ToArray()));
        });
    }

    public string Address => _app.Urls.Single();

    public IReadOnlyCollection<byte[]> Received => [.. _received.Select(entry => entry.Body)];

    /// <summary>Where what was received was sent to.</summary>
    public IReadOnlyCollection<string> Paths => [.. _received.Select(entry => entry.Path)];

    /// <summary>The header <c>X-Tenant</c> of what was received.</summary>
    public IReadOnlyCollection<string?> Tenants => [.. _received.Select(entry => entry.Tenant)];

    /// <summary>The spans so far.</summary>
    public IReadOnlyCollection<ExportedSpan> Spans =>
        [.. _received.Where(entry => entry.Path == "/v1/traces").SelectMany(entry => ExportedSpan.In(entry.Body))];

    public static async Task<Collector> StartAsync(int port = 0)
    {
        var collector = new Collector(port);
        await collector._app.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <param name="Scope">The source that made it.</param>
/// <param name="Name">What it is called.</param>
/// <param name="TraceId">Its trace.</param>
/// <param name="IsRoot">Whether it has no parent.</param>
internal sealed record ExportedSpan(string Scope, string Name, string TraceId, bool IsRoot)
{
    /// <summary>By the numbers of the fields in opentelemetry/proto/collector/trace/v1.</summary>
    public static IEnumerable<ExportedSpan> In(byte[] request) =>
        from resourceSpans in Fields(request, 1)
        from scopeSpans in Fields(resourceSpans, 2)
        let scope = Fields(scopeSpans, 1).SelectMany(found => Fields(found, 1)).Select(Text).FirstOrDefault("")
        from span in Fields(scopeSpans, 2)
        select new ExportedSpan(
            scope,
            Fields(span, 5).Select(Text).FirstOrDefault(""),
            Convert.ToHexStringLower(Fields(span, 1).Single()),
            Fields(span, 4).All(parent => parent.Length == 0)
        );

    private static string Text(byte[] value) => System.Text.Encoding.UTF8.GetString(value);

    // The values of a field that have a length; the other kinds are skipped.
    private static IEnumerable<byte[]> Fields(byte[] message, int number)
    {
        var at = 0;
        while (at < message.Length)
        {
            var key = Varint(message, ref at);
            switch (key & 7)
            {
                case 0:
                    Varint(message, ref at);
                    break;
                case 1:
                    at += sizeof(ulong);
                    break;
                case 2:
                    var length = (int)Varint(message, ref at);
                    if (key >> 3 == (ulong)number)
                    {
                        yield return message[at..(at + length)];
                    }

                    at += length;
                    break;
                case 5:
                    at += sizeof(uint);
                    break;
                default:
                    throw new InvalidDataException($"Wire type {key & 7} at {at}.");
            }
        }
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
