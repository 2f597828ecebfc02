using System.Buffers.Text;
using System.Security.Cryptography;

namespace NetPilot.Identity.Tokens;

/// <summary>
/// A refresh token: 256 random bits, known to the client alone. The database keeps its hash and, for the time of grace, its successor
/// sealed under a key that only its holder can derive.
/// </summary>
internal readonly struct RefreshSecret
{
    private const int Size = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private readonly byte[] secret;

    private RefreshSecret(byte[] secret) => this.secret = secret;

    public static RefreshSecret Make() => new(RandomNumberGenerator.GetBytes(Size));

    /// <summary>What the client sent, if it can be a token at all.</summary>
    public static RefreshSecret? Read(string? text)
    {
        Span<byte> bytes = stackalloc byte[Size + 1];
        return text is { Length: 43 } && Base64Url.TryDecodeFromChars(text, bytes, out var written) && written == Size
            ? new RefreshSecret(bytes[..Size].ToArray())
            : null;
    }

    // One round of SHA-256 is enough for what nobody can guess.
    public byte[] Hash() => SHA256.HashData(secret);

    public string Text() => Base64Url.EncodeToString(secret);

    public byte[] Seal(RefreshSecret successor)
    {
        var box = new byte[NonceSize + TagSize + Size];
        var nonce = box.AsSpan(..NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = Cipher();
        cipher.Encrypt(nonce, successor.secret, box.AsSpan(NonceSize + TagSize), box.AsSpan(NonceSize, TagSize));
        return box;
    }

    public RefreshSecret Unseal(byte[] box)
    {
        var successor = new byte[Size];
        using var cipher = Cipher();
        cipher.Decrypt(box.AsSpan(..NonceSize), box.AsSpan(NonceSize + TagSize), box.AsSpan(NonceSize, TagSize), successor);
        return new RefreshSecret(successor);
    }

    /// <summary>Says nothing: the value is a credential.</summary>
    public override string ToString() => nameof(RefreshSecret);

    private AesGcm Cipher() =>
        new(HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, Size, info: "netpilot refresh successor"u8.ToArray()), TagSize);
}
