namespace NetPilot.DevStack;

internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        await Task.Yield();
        return args.Length;
    }
}
