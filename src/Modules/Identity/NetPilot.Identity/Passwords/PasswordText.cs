using System.Text;

namespace NetPilot.Identity.Passwords;

/// <summary>Passwords as they are counted, compared and hashed.</summary>
internal static class PasswordText
{
    // The one code point that .NET refuses to normalise, as it takes it for a swapped byte order mark.
    private const char SwappedMark = '\uFFFE';

    /// <summary>
    /// Unicode's normalisation form C: the same password typed on another keyboard may arrive composed differently. Takes every text without
    /// lone surrogates, which no request brings here.
    /// </summary>
    /// <remarks>U+FFFE neither decomposes nor composes, so that the parts between are normalised each by itself.</remarks>
    public static string Normalize(string password) =>
        password.Contains(SwappedMark, StringComparison.Ordinal)
            ? string.Join(SwappedMark, password.Split(SwappedMark).Select(part => part.Normalize(NormalizationForm.FormC)))
            : password.Normalize(NormalizationForm.FormC);
}
