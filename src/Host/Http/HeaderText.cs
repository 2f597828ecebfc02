using System.Text.Unicode;

namespace NetPilot.Host.Http;

/// <summary>
/// The text of request headers. A byte above 0x7F is opaque (RFC 9110, 5.5), and no reason to refuse a request: what is UTF-8 is read as
/// that, anything else as Latin-1, as which it was meant as a rule. U+0000 is refused, as the server's own reading does.
/// </summary>
internal sealed class HeaderText : Encoding
{
    public static readonly HeaderText Instance = new();

    private HeaderText() { }

    public override int GetCharCount(byte[] bytes, int index, int count) =>
        Of(bytes.AsSpan(index, count)).GetCharCount(bytes, index, count);

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        Of(bytes.AsSpan(byteIndex, byteCount)).GetChars(bytes, byteIndex, byteCount, chars, charIndex);

    public override int GetMaxCharCount(int byteCount) => byteCount;

    // Answers are not written with it.
    public override int GetByteCount(char[] chars, int index, int count) => Latin1.GetByteCount(chars, index, count);

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    public override int GetMaxByteCount(int charCount) => Latin1.GetMaxByteCount(charCount);

    private static Encoding Of(ReadOnlySpan<byte> bytes) =>
        bytes.Contains((byte)0) ? throw new DecoderFallbackException("U+0000 in a header.")
        : Utf8.IsValid(bytes) ? UTF8
        : Latin1;
}
