using System.Globalization;
using System.IO.Compression;

namespace NetPilot.Devices.Vendors;

/// <summary>Makers of devices by the first digits of the MAC: the registry of the IEEE, packed by <c>dev/Vendors/make-vendors.py</c>.</summary>
internal static class VendorRegistry
{
    private const int MacDigits = 12;

    // Small blocks lie within larger ones, so the longest prefix decides.
    private static readonly int[] PrefixLengths = [9, 7, 6];
    private static readonly Lazy<Dictionary<(int Digits, ulong Prefix), string>> Makers = new(Load);

    /// <summary>The maker; null if the registry has none.</summary>
    public static string? MakerOf(PhysicalAddress mac)
    {
        var value = mac.GetAddressBytes().Aggregate(0UL, (digits, part) => digits << 8 | part);
        foreach (var digits in PrefixLengths)
        {
            if (Makers.Value.TryGetValue((digits, value >> 4 * (MacDigits - digits)), out var maker))
            {
                return maker;
            }
        }

        return null;
    }

    private static Dictionary<(int Digits, ulong Prefix), string> Load()
    {
        using var packed = typeof(VendorRegistry).Assembly.GetManifestResourceStream("vendors.txt.gz")!;
        using var reader = new StreamReader(new GZipStream(packed, CompressionMode.Decompress));
        var makers = new Dictionary<(int, ulong), string>(50_000);
        while (reader.ReadLine() is { } line)
        {
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            var maker = line[..tab];
            foreach (var prefix in line.AsSpan(tab + 1).Split(' '))
            {
                var digits = line.AsSpan(tab + 1)[prefix];
                makers[(digits.Length, ulong.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))] = maker;
            }
        }

        return makers;
    }
}
