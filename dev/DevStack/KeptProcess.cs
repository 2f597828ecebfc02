using System.Diagnostics;

namespace NetPilot.DevStack;

/// <summary>
/// A child that ends when we do, however we do. A shell stands in between, in a session of its own (a Ctrl-C in the terminal is for us to act
/// upon), and holds the other end of a pipe. The kernel's parent-death signal would not serve: it follows the thread that forked, and
/// thread-pool threads come and go.
/// </summary>
internal sealed class KeptProcess : IAsyncDisposable
{
    // Takes signals by name, a line each; the end of the pipe without one means that we are gone.
    private const string Keeper = """
        trap '' INT HUP
        log=$1; ending=$2; folder=$3; shift 3
        exec 3<&0
        "$@" >>"$log" 2>&1 </dev/null 3<&- &
        child=$!
        (
          told=
          while read -r signal <&3; do told=yes; kill -"$signal" $child; done
          [ -n "$told" ] && exit
          [ -n "$folder" ] && touch "$folder/abandoned"
          kill -"$ending" $child
          tries=0
          while kill -0 $child; do
            sleep 0.1
            tries=$((tries + 1))
            [ $tries = 50 ] && kill -QUIT $child
            [ $tries = 100 ] && kill -KILL $child
          done
          [ -n "$folder" ] && cd / && rm -rf "$folder"
        ) >/dev/null 2>&1 &
        watcher=$!
        wait $child
        code=$?
        [ -n "$folder" ] && [ -e "$folder/abandoned" ] || kill $watcher 2>/dev/null
        exit $code
        """;

    private readonly Process _keeper;

    private KeptProcess(Process keeper) => _keeper = keeper;

    public bool HasExited => _keeper.HasExited;

    public int ExitCode => _keeper.ExitCode;

    /// <summary>Starts a command, whose output is appended to a file.</summary>
    /// <param name="command">The command. Its first words may hand over to another user: the keeper then runs as that one too.</param>
    /// <param name="logFile">Where its output goes.</param>
    /// <param name="ending">The signal that ends it in order.</param>
    /// <param name="temporaryFolder">Deleted after the child's end, if we are gone by then.</param>
    public static KeptProcess Start(ProcessStartInfo command, string logFile, string ending, string? temporaryFolder = null)
    {
        string[] words = [command.FileName, .. command.ArgumentList];
        var handOver = Array.IndexOf(words, "--") + 1;
        string[] kept =
        [
            .. words[..handOver],
            .. Session(),
            "sh",
            "-c",
            Keeper,
            "keeper",
            logFile,
            ending,
            temporaryFolder ?? "",
            .. words[handOver..],
        ];
        command.FileName = kept[0];
        command.ArgumentList.Clear();
        foreach (var word in kept[1..])
        {
            command.ArgumentList.Add(word);
        }
        command.RedirectStandardInput = true;
        return new KeptProcess(Process.Start(command)!);
    }

    public Task WaitForExitAsync(CancellationToken cancellationToken) => _keeper.WaitForExitAsync(cancellationToken);

    /// <summary>Signals the child (<c>INT</c>, <c>TERM</c>, <c>QUIT</c>, <c>KILL</c>) and waits for its end.</summary>
    public async Task StopAsync(string signal, CancellationToken cancellationToken)
    {
        try
        {
            await _keeper.StandardInput.WriteLineAsync(signal.AsMemory(), cancellationToken);
            await _keeper.StandardInput.FlushAsync(cancellationToken);
        }
        catch (IOException)
        {
            // It has ended by itself.
        }
        await _keeper.WaitForExitAsync(cancellationToken);
    }

    /// <summary>Lets go of the process; one that still runs ends, as if we had.</summary>
    public ValueTask DisposeAsync()
    {
        _keeper.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string[] Session() => File.Exists("/usr/bin/setsid") ? ["setsid"] : [];
}
