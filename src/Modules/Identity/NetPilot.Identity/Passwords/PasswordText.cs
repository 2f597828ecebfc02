using System.Text;

namespace NetPilot.Identity.Passwords;

internal static class PasswordText
{
    // .NET refuses to normalise this code point, a byte order mark with swapped bytes.
    private const char SwappedMark = '\uFFFE';

    /// <summary>
    /// Unicode's normalisation form C, because keyboards compose the same characters differently. The text must not contain lone surrogates.
    /// Validation refuses those.
    /// </summary>
    /// <remarks>U+FFFE neither decomposes nor composes, so the parts between are normalised separately.</remarks>
    public static string Normalize(string password) =>
        password.Contains(SwappedMark, StringComparison.Ordinal)
            ? string.Join(SwappedMark, password.Split(SwappedMark).Select(part => part.Normalize(NormalizationForm.FormC)))
            : password.Normalize(NormalizationForm.FormC);
}
