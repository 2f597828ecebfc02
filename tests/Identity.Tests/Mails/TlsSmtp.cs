using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Xunit;

namespace NetPilot.Identity.Tests.Mails;

/// <summary>An SMTP server with STARTTLS, and a certificate of an issuer of its own without a list of revocations.</summary>
internal sealed class TlsSmtp : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = CancellationTokenSource.CreateLinkedTokenSource(
        TestContext.Current.CancellationToken
    );
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();
    private readonly ConcurrentBag<Task> conversations = [];
    private readonly TaskCompletionSource<string> taken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly X509Certificate2 certificate;
    private readonly Task accepting;

    public TlsSmtp()
    {
        using var issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var issuing = new CertificateRequest("CN=Issuer of the tests", issuerKey, HashAlgorithmName.SHA256);
        issuing.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        issuing.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(issuing.PublicKey, false));
        var now = TimeProvider.System.GetUtcNow();
        var (from, until) = (now.AddDays(-1), now.AddDays(1));
        using var issuer = issuing.CreateSelfSigned(from, until);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(issuer, from, until, RandomNumberGenerator.GetBytes(8));
        certificate = issued.CopyWithPrivateKey(key);

        IssuerFile = Path.Combine(folder.FullName, "issuer.pem");
        File.WriteAllText(IssuerFile, issuer.ExportCertificatePem());
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>The certificate of the issuer, for <c>SSL_CERT_FILE</c>.</summary>
    public string IssuerFile { get; }

    /// <summary>What clients said.</summary>
    public ConcurrentQueue<string> Lines { get; } = new();

    public ConcurrentQueue<string> Mails { get; } = new();

    /// <summary>The first mail that it acknowledged, headers and all.</summary>
    public Task<string> TakenAsync() => taken.Task.WaitAsync(Calls.Patience, stopping.Token);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await accepting;
        listener.Stop();
        await Task.WhenAll(conversations);
        certificate.Dispose();
        stopping.Dispose();
        folder.Delete(recursive: true);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                conversations.Add(ConverseAsync(await listener.AcceptTcpClientAsync(stopping.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // It is being stopped.
        }
    }

    private async Task ConverseAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await SayAsync(client.GetStream(), "220 tls");
                await AnswerAsync(client.GetStream(), isSecret: false);
                await using var secret = new SslStream(client.GetStream());
                await secret.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions { ServerCertificate = certificate },
                    stopping.Token
                );
                await AnswerAsync(secret, isSecret: true);
            }
            catch (Exception exception) when (exception is IOException or AuthenticationException or OperationCanceledException)
            {
                // The client has gone, as one does that refuses the certificate.
            }
        }
    }

    /// <summary>Answers until the client has said QUIT, or wants TLS.</summary>
    private async Task AnswerAsync(Stream stream, bool isSecret)
    {
        while (await ReadLineAsync(stream) is { } line)
        {
            Lines.Enqueue(line);
            switch (line.Split(' ')[0])
            {
                case "EHLO" when !isSecret:
                    await SayAsync(stream, "250-tls\r\n250 STARTTLS");
                    break;
                case "STARTTLS":
                    await SayAsync(stream, "220 go on");
                    return;
                case "DATA":
                    await SayAsync(stream, "354 go on");
                    var mail = new StringBuilder();
                    while (await ReadLineAsync(stream) is { } text && text != ".")
                    {
                        mail.Append(text).Append('\n');
                    }

                    Mails.Enqueue(mail.ToString());
                    await SayAsync(stream, "250 taken");
                    taken.TrySetResult(mail.ToString());
                    break;
                case "QUIT":
                    await SayAsync(stream, "221 bye");
                    return;
                default:
                    await SayAsync(stream, "250 fine");
                    break;
            }
        }
    }

    private async Task SayAsync(Stream stream, string answer) =>
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer + "\r\n"), stopping.Token);

    // Byte by byte: nothing is read ahead that belongs to the handshake.
    private async Task<string?> ReadLineAsync(Stream stream)
    {
        var line = new StringBuilder();
        var next = new byte[1];
        while (await stream.ReadAsync(next, stopping.Token) == 1)
        {
            if (next[0] == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append((char)next[0]);
        }

        return null;
    }
}
