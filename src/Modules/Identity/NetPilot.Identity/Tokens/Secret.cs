using System.Buffers;
using System.Buffers.Text;

namespace NetPilot.Identity.Tokens;

/// <summary>
/// 256 random bits: a refresh token, or a token that resets a password. The database has its hash only. The successor of a refresh token is
/// encrypted with it, so that only its holder can get it a second time.
/// </summary>
internal readonly struct Secret
{
    private const int Size = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private readonly byte[] bytes;

    private Secret(byte[] bytes) => this.bytes = bytes;

    public static Secret Make() => new(RandomNumberGenerator.GetBytes(Size));

    /// <summary>Decodes a token; null if the text is none.</summary>
    public static Secret? Read(string? text)
    {
        // TryDecodeFromChars throws if the text is not canonical base64url.
        Span<byte> read = stackalloc byte[Size + 1];
        return
            text is { Length: 43 }
            && Base64Url.DecodeFromChars(text, read, out _, out var written) == OperationStatus.Done
            && written == Size
            ? new Secret(read[..Size].ToArray())
            : null;
    }

    // One round of SHA-256 is enough for random bits.
    public byte[] Hash() => SHA256.HashData(bytes);

    public string Text() => Base64Url.EncodeToString(bytes);

    public byte[] Seal(Secret successor)
    {
        var box = new byte[NonceSize + TagSize + Size];
        var nonce = box.AsSpan(..NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = Cipher();
        cipher.Encrypt(nonce, successor.bytes, box.AsSpan(NonceSize + TagSize), box.AsSpan(NonceSize, TagSize));
        return box;
    }

    public Secret Unseal(byte[] box)
    {
        var successor = new byte[Size];
        using var cipher = Cipher();
        cipher.Decrypt(box.AsSpan(..NonceSize), box.AsSpan(NonceSize + TagSize), box.AsSpan(NonceSize, TagSize), successor);
        return new Secret(successor);
    }

    /// <summary>Hides the value, which is a credential.</summary>
    public override string ToString() => nameof(Secret);

    private AesGcm Cipher() =>
        new(HKDF.DeriveKey(HashAlgorithmName.SHA256, bytes, Size, info: "netpilot refresh successor"u8.ToArray()), TagSize);
}
