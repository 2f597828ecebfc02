using System.Diagnostics;
using System.Globalization;
using NetPilot.DevStack;
using NetPilot.Testing;

namespace NetPilot.Host.Tests.Draining;

/// <summary>
/// nginx before replicas, with the directives of deploy/nginx, from Debian's package. It repeats nothing: what a replica loses is lost. It ends
/// when we do.
/// </summary>
internal sealed class Nginx : IAsyncDisposable
{
    private const string Program = "/usr/sbin/nginx";
    private readonly Process _keeper;
    private readonly string _root;
    private readonly string _address;

    private Nginx(Process keeper, string root, string address)
    {
        _keeper = keeper;
        _root = root;
        _address = address;
    }

    public static bool IsInstalled => File.Exists(Program);

    public Uri Address => new($"http://{_address}");

    public static async Task<Nginx> StartAsync(IReadOnlyList<NetPilotProcess> replicas, CancellationToken cancellationToken)
    {
        var root = Directory.CreateTempSubdirectory("netpilot-nginx-").FullName;
        var address = $"127.0.0.1:{LoopbackPorts.Take()}";
        await WriteAsync(root, address, replicas, cancellationToken);
        // The pipe's end is ours: when it closes, however that comes, nginx ends.
        var keeper = Process.Start(
            new ProcessStartInfo(
                "sh",
                ["-c", "exec 3<&0; \"$0\" -p \"$1\" -c \"$1/nginx.conf\" <&- 3<&- & cat <&3; kill -QUIT $!; wait", Program, root]
            )
            {
                RedirectStandardInput = true,
            }
        )!;
        var nginx = new Nginx(keeper, root, address);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (nginx.Master is not { } master || ChildrenOf(master).Count == 0)
        {
            var log = Path.Combine(root, "error.log");
            if (File.Exists(log) && (await File.ReadAllTextAsync(log, cancellationToken)).Contains("[emerg]", StringComparison.Ordinal))
            {
                throw new InvalidOperationException(await File.ReadAllTextAsync(log, cancellationToken));
            }

            await look.WaitForNextTickAsync(cancellationToken);
        }

        return nginx;
    }

    /// <summary>Sends all new requests to these replicas; returns when none is led elsewhere any more.</summary>
    public async Task LeadToAsync(IReadOnlyList<NetPilotProcess> replicas, CancellationToken cancellationToken)
    {
        await WriteAsync(_root, _address, replicas, cancellationToken);
        var master = Master!.Value;
        var before = ChildrenOf(master);
        using (var reload = Process.Start("kill", ["-HUP", master.ToString(CultureInfo.InvariantCulture)]))
        {
            await reload.WaitForExitAsync(cancellationToken);
        }

        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (ChildrenOf(master).Overlaps(before))
        {
            await look.WaitForNextTickAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _keeper.StandardInput.Close();
        await _keeper.WaitForExitAsync();
        _keeper.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private int? Master =>
        File.Exists(Path.Combine(_root, "nginx.pid"))
        && int.TryParse(File.ReadAllText(Path.Combine(_root, "nginx.pid")), CultureInfo.InvariantCulture, out var pid)
            ? pid
            : null;

    // The parent is the second word after the name, which is in brackets.
    private static HashSet<int> ChildrenOf(int parent) =>
        Directory
            .GetDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && StatOf(pid)?.Split(") ")[^1].Split(' ')[1] == parent.ToString(CultureInfo.InvariantCulture))
            .ToHashSet();

    private static string? StatOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static Task WriteAsync(
        string root,
        string address,
        IReadOnlyList<NetPilotProcess> replicas,
        CancellationToken cancellationToken
    ) =>
        File.WriteAllTextAsync(
            Path.Combine(root, "nginx.conf"),
            $$"""
            {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
            daemon off;
            worker_processes 1;
            pid nginx.pid;
            error_log error.log;
            events {}
            http {
                access_log off;
                client_body_temp_path body;
                proxy_temp_path proxy;
                fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi;
                scgi_temp_path scgi;
                upstream netpilot {
                    {{string.Join(' ', replicas.Select(replica => $"server {replica.Address.Authority} max_fails=0;"))}}
                    keepalive 8;
                }
                server {
                    listen {{address}};
                    proxy_next_upstream off;
                    add_header X-Upstream $upstream_addr always;
                    location / {
                        include {{Path.Combine(Checkout.Root, "deploy/nginx/netpilot-proxy.conf")}};
                    }
                }
            }
            """,
            cancellationToken
        );
}
