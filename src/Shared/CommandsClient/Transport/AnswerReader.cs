namespace NetPilot.CommandsClient.Transport;

/// <summary>
/// The innermost handler: sends, reads the whole answer within its bound, and notes on the exchange what came, be it an envelope or a broken
/// connection. It reads here, below the strategies, because whether a 5xx may be repeated or counts as an outage depends on its body.
/// The response that it returns is an empty one that HttpClient and Polly can pass on.
/// </summary>
internal sealed class AnswerReader : DelegatingHandler
{
    public const int MaxBody = 4 * 1024 * 1024;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var exchange = CommandsExchange.Of(request);
        cancellationToken.ThrowIfCancellationRequested();
        if (!exchange.IsWorthSending)
        {
            exchange.Outcome ??= new CallOutcome.Busy();
        }
        else if (await exchange.FindObjectionAsync(cancellationToken) is { } objection)
        {
            exchange.Outcome = new CallOutcome.Withheld(objection);
        }
        else if (exchange.IsOver)
        {
            exchange.Outcome ??= new CallOutcome.TimedOut(Sent: false);
        }
        else if (exchange.TrySend())
        {
            var sentAt = exchange.Now;
            exchange.Outcome = await ExchangeAsync(request, cancellationToken) with { SentAt = sentAt };
        }
        else
        {
            throw new OperationCanceledException(cancellationToken);
        }

        return new HttpResponseMessage(HttpStatusCode.NoContent) { RequestMessage = request };
    }

    private async Task<CallOutcome> ExchangeAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await base.SendAsync(request, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new CallOutcome.TimedOut(Sent: true);
        }
        catch (OperationCanceledException)
        {
            // SocketsHttpHandler's own ConnectTimeout: no connection, so nothing was sent.
            return new CallOutcome.NotSent(Refused: false);
        }
        catch (HttpRequestException e)
        {
            return e.HttpRequestError switch
            {
                HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError =>
                    new CallOutcome.NotSent(
                        Refused: e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused }
                    ),
                HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError or HttpRequestError.ConfigurationLimitExceeded =>
                    new CallOutcome.NoEnvelope(0, "was not HTTP"),
                _ => new CallOutcome.Broken(),
            };
        }

        using (response)
        {
            var status = (int)response.StatusCode;
            try
            {
                return await ReadBodyAsync(response.Content, cancellationToken) is { } body
                    ? EnvelopeReader.Read(status, body)
                    : new CallOutcome.NoEnvelope(status, "was over 4 MiB");
            }
            catch (OperationCanceledException)
            {
                return new CallOutcome.TimedOut(Sent: true);
            }
            catch (HttpIOException e) when (e.HttpRequestError is not HttpRequestError.Unknown)
            {
                // The stream ended politely before its announced end, or its framing was wrong: half an answer, not a broken line.
                return new CallOutcome.NoEnvelope(status, "was cut short");
            }
            catch (IOException)
            {
                return new CallOutcome.Broken();
            }
        }
    }

    private static async Task<byte[]?> ReadBodyAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > MaxBody)
        {
            return null;
        }

        using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (body.Length + read > MaxBody)
            {
                return null;
            }

            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }
}
