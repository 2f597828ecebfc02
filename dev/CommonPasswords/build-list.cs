// Makes src/Modules/Identity/NetPilot.Identity/Passwords/common-passwords.txt (docs/decisions/0012). Run it with the two packages unpacked side by side:
//   npm pack @zxcvbn-ts/language-common@4.1.3 @zxcvbn-ts/language-en@4.1.1
//   dotnet run build-list.cs -- <folder of language-common> <folder of language-en> <output>
using System.Text.Json;

const int MinLength = 12;
const int MaxLength = 24;

var leaked = Read(args[0], "passwords.json");
var words = Read(args[1], "commonWords.json");
var list = new SortedSet<string>(StringComparer.Ordinal);

// What leaks hold as it is: the passwords themselves, and long words of the language.
Add(leaked);
Add(words.Where(word => word.All(char.IsAsciiLetterLower)).Take(20_000));

// Short favourites made long the way people do it: counted on, dated, with a sign, or said twice.
string[] ends = Words(
    """
    1 12 123 1234 12345 123456 1234567 12345678 123456789 1234567890 0 00 000 007 01 11 111 1111 22 222 33 333 666 69 77 777
    88 888 99 999 2000 2010 2011 2012 2015 2016 2017 2018 2019 2020 2021 2022 2023 2024 2025 2026 2023! 2024! 2025! 2026! !
    !! 1! 12! 123! 1234! 12345! @123 @1234 @12345 #123 #1234 _123 .123 abc abc123 qwerty qwerty123 321 4321 54321 654321
    987654321
    """
);
string[] defaults = Words(
    """
    admin administrator welcome changeme default secret letmein password passw0rd p@ssword p@ssw0rd pa$$word pa$$w0rd router
    wireless internet netpilot username guest login master summer winter spring autumn
    """
);
var favourites = defaults
    .Concat(leaked.Where(password => password.Length >= 4 && password.Any(char.IsAsciiLetterLower)).Take(800))
    .Distinct()
    .ToArray();
foreach (var favourite in favourites)
{
    Add(ends.Select(end => favourite + end));
}

foreach (var favourite in leaked.Take(4_000))
{
    Add([favourite + favourite, favourite + favourite + favourite]);
}

foreach (var favourite in favourites.Take(60))
{
    Add(favourites.Take(60).Select(other => favourite + other));
    Add(["my" + favourite, "ilove" + favourite, "i love " + favourite, "iam" + favourite, "the" + favourite, favourite + "forever"]);
}

// Walks over the keyboard and along the alphabet, back and forth, and one sign or pair over and over.
string[] rows = Words(
    """
    1234567890 0987654321 qwertyuiop poiuytrewq asdfghjkl lkjhgfdsa zxcvbnm mnbvcxz qwertzuiop azertyuiop
    1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/ 1q2w3e4r5t6y7u8i9o0p q1w2e3r4t5y6u7i8o9p0 qazwsxedcrfvtgbyhnujmikolp
    zaq12wsxcde34rfvbgt56yhnmju78ik abcdefghijklmnopqrstuvwxyz zyxwvutsrqponmlkjihgfedcba qweasdzxc 147258369 159357
    741852963
    """
);
foreach (var row in rows)
{
    var round = row + row + row;
    for (var start = 0; start < row.Length; start++)
    {
        AddBeginnings(round[start..]);
    }

    foreach (var other in rows)
    {
        AddBeginnings(row + other);
    }

    Add(ends.Select(end => row + end));
}

foreach (var one in "abcdefghijklmnopqrstuvwxyz0123456789!*.")
{
    Add(Enumerable.Range(MinLength, MaxLength - MinLength + 1).Select(length => new string(one, length)));
}

foreach (var unit in Enumerable.Range(0, 1_000).SelectMany(number => new[] { $"{number:00}", $"{number:000}" }))
{
    Add(Enumerable.Range(4, 9).Select(times => string.Concat(Enumerable.Repeat(unit, times))));
}

File.WriteAllText(args[2], string.Join('\n', list) + "\n");
Console.WriteLine($"{list.Count} passwords, {leaked.Count(password => password.Length >= MinLength)} of them as leaked");

void AddBeginnings(string walk) =>
    Add(Enumerable.Range(MinLength, MaxLength - MinLength + 1).Where(length => length <= walk.Length).Select(length => walk[..length]));

void Add(IEnumerable<string> passwords) =>
    list.UnionWith(
        passwords
            .Where(password => password.Length is >= MinLength and <= MaxLength && password.All(char.IsAscii))
            .Select(password => password.ToLowerInvariant())
    );

static string[] Words(string text) => text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);

static string[] Read(string package, string file)
{
    using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(package, "src", file)));
    return [.. json.RootElement.EnumerateArray().Select(entry => entry.GetString()!)];
}
