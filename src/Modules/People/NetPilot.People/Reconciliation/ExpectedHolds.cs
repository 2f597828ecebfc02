namespace NetPilot.People.Reconciliation;

/// <summary>What is to become of devices, where what sources want is stored and still to be put in force. Pure.</summary>
internal static class ExpectedHolds
{
    /// <param name="wanted">What some sources want.</param>
    /// <returns>One result for each device that one of the sources wants, or that one of them holds.</returns>
    public static IReadOnlyList<DeviceHoldResult> Of(IReadOnlyList<WantedHolds> wanted, IReadOnlyList<DeviceHold> present)
    {
        var sources = wanted.Select(want => KeyOf(want.Source)).ToHashSet();
        var live = present.Where(hold => !hold.IsLetThrough && IsLive(hold.State)).ToLookup(hold => hold.DeviceId);
        var held = wanted.SelectMany(want => want.DeviceIds.Where(device => !IsLetThrough(want, device))).ToHashSet();
        var released = live.Where(device => device.Any(IsOfSources)).Select(device => device.Key);
        return [.. held.Union(released).Select(device => new DeviceHoldResult(device, StateOf(device), null, false))];

        DeviceBlockState StateOf(Guid device) =>
            held.Contains(device)
                ? live[device].Any(hold => hold.State == DeviceBlockState.Blocked)
                    ? DeviceBlockState.Blocked
                    : DeviceBlockState.Applying
                : live[device].FirstOrDefault(hold => !IsOfSources(hold))?.State ?? DeviceBlockState.Lifting;

        bool IsOfSources(DeviceHold hold) => sources.Contains(KeyOf(hold.Source));

        bool IsLetThrough(WantedHolds want, Guid device) =>
            present.Any(hold =>
                hold.IsLetThrough && hold.DeviceId == device && KeyOf(hold.Source) == KeyOf(want.Source) && hold.Since == want.Since
            );
    }

    private static (HoldKind Kind, Guid Id) KeyOf(HoldSource source) => (source.Kind, source.Id);

    private static bool IsLive(DeviceBlockState state) =>
        state is DeviceBlockState.Applying or DeviceBlockState.Blocked or DeviceBlockState.Lifting;
}
