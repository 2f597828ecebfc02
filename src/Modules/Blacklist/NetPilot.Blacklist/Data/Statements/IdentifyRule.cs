// A row's former addresses are kept in an array that is changed in place, and only where no other live row is of the device: EF Core translates
// neither array_prepend nor a slice.

namespace NetPilot.Blacklist.Data.Statements;

internal static class IdentifyRule
{
    private static readonly SqlText MostAliases = SqlText.Raw("8");

    /// <summary>
    /// The router shows the device of a row at another address, or shows which device the row means. The former address may be another one of
    /// the same device, and goes on to mean it until a scan shows somebody else there.
    /// </summary>
    public static async Task IdentifyAsync(this RuleStore store, Rule rule, RuleDevice device)
    {
        try
        {
            await store.ExecuteAsync(
                $"""
                UPDATE {rule.Kind.Rules} AS rule
                SET device_ip = {device.Ip}, device_mac = COALESCE({device.Mac}, rule.device_mac),
                    mac_confirmed = rule.mac_confirmed OR {device.Confirmed},
                    device_aliases = CASE WHEN rule.device_ip = {device.Ip} THEN rule.device_aliases
                        ELSE (array_prepend(rule.device_ip,
                              array_remove(array_remove(rule.device_aliases, {device.Ip}), rule.device_ip)))[1:{MostAliases}] END
                WHERE id = {rule.Id} AND {SqlText.Live} AND ({device.Mac} IS NULL OR NOT EXISTS (
                    SELECT 1 FROM {rule.Kind.Rules} other
                    WHERE other.user_id = rule.user_id AND other.router_id = rule.router_id AND other.id <> rule.id
                      AND other.device_mac = {device.Mac} AND other.{SqlText.Live}))
                """
            );
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Another row of the same device was made at this moment; the next look finds both as they are.
        }
    }

    /// <summary>The other live row of the device that a row turned out to be of, known by that row's address from now on. Null if there is none.</summary>
    public static Task<Rule?> FindDeviceAsync(this RuleStore store, Rule like, PhysicalAddress mac) =>
        store.RuleAsync(
            like.Kind,
            $"""
            UPDATE {like.Kind.Rules}
            SET device_aliases = CASE WHEN device_ip = {like.DeviceIp} THEN device_aliases
                ELSE (array_prepend({like.DeviceIp}, array_remove(device_aliases, {like.DeviceIp})))[1:{MostAliases}] END
            WHERE user_id = {like.UserId} AND router_id = {like.RouterId} AND device_mac = {mac} AND {SqlText.Live} AND id <> {like.Id}
            RETURNING *
            """
        );
}
