using System.Diagnostics;
using NetPilot.DevStack.Postgres;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>A file system in memory that holds little, on which PostgreSQL may have a tablespace.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _mount;

    private SmallDisk(string mount)
    {
        _mount = mount;
        Folder = Path.Combine(mount, "tablespace");
    }

    /// <summary>A folder that belongs to PostgreSQL's user.</summary>
    public string Folder { get; }

    private string Ballast => Path.Combine(_mount, "ballast");

    /// <summary>Mounts one; skips the test where this user may not.</summary>
    public static async Task<SmallDisk> MountAsync(PostgresServer postgres, int megabytes, CancellationToken cancellationToken)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root can mount a file system.");
        var mount = Directory.CreateTempSubdirectory("netpilot-disk-").FullName;
        var mounted = await RunAsync("mount", ["-t", "tmpfs", "-o", $"size={megabytes}m,mode=0755", "tmpfs", mount], cancellationToken);
        if (mounted != 0)
        {
            Directory.Delete(mount);
            Assert.Skip("This machine lets nobody mount a file system.");
        }

        var disk = new SmallDisk(mount);
        Directory.CreateDirectory(disk.Folder);
        // Who owns the cluster's folder is who PostgreSQL runs as.
        await RunAsync("chown", [$"--reference={postgres.Folder}", disk.Folder], cancellationToken);
        return disk;
    }

    /// <summary>Leaves no room at all.</summary>
    public async Task FillAsync(CancellationToken cancellationToken)
    {
        await using var file = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var page = new byte[4096];
        try
        {
            while (true)
            {
                await file.WriteAsync(page, cancellationToken);
            }
        }
        catch (IOException)
        {
            // There was no room for one more page.
        }
    }

    public void MakeRoom() => File.Delete(Ballast);

    public async ValueTask DisposeAsync()
    {
        // PostgreSQL still has files open there: the file system goes with the last of them.
        await RunAsync("umount", ["--lazy", _mount], CancellationToken.None);
        Directory.Delete(_mount);
    }

    private static async Task<int> RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }
}
