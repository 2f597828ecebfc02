using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>docs/netpilot.http, sent from top to bottom as an editor does.</summary>
public sealed partial class HttpFileTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_requests_for_editors_do_the_whole_journey()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs/netpilot.http"), Ct);
        var variables = Variable()
            .Matches(text)
            .ToDictionary(match => match.Groups["name"].Value, match => match.Groups["value"].Value.Trim());
        variables["api"].ShouldBe("http://127.0.0.1:8080/api/v1", "where dev/up serves it");
        variables["api"] = new Uri(server.Address, "/api/v1").ToString();
        var answers = new Dictionary<string, JsonElement>();
        var sent = new List<string>();
        using var client = server.NewClient();

        foreach (var request in text.Split("\n###").Skip(1).Select(Request.Parse))
        {
            using var message = request.Message(placeholder => ValueOf(placeholder, variables, answers));
            sent.Add($"{message.Method} {message.RequestUri!.AbsolutePath}");
            using var response = await client.SendAsync(message, Ct);

            var body = await response.Content.ReadAsStringAsync(Ct);
            ((int)response.StatusCode).ShouldBeInRange(request.Refused ?? 200, request.Refused ?? 299, $"{request.Title}: {body}");
            if (request.Name is { } name)
            {
                answers[name] = JsonDocument.Parse(body).RootElement;
            }
        }

        await EachTagIsMetAsync(sent);
    }

    // The admin's operations need a role that dev/up gives to nobody.
    private static async Task EachTagIsMetAsync(List<string> sent)
    {
        var document = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs/openapi.json"), Ct)).RootElement;
        var met = document
            .GetProperty("paths")
            .EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => (Path: path.Name, Operation: operation)))
            .Where(entry =>
            {
                var pattern = $"^{entry.Operation.Name} {Parameter().Replace(entry.Path, "[^/]+")}$";
                return sent.Any(request => Regex.IsMatch(request, pattern, RegexOptions.IgnoreCase));
            })
            .Select(entry => entry.Operation.Value.GetProperty("tags")[0].GetString())
            .Distinct();
        met.ShouldBe(
            document.GetProperty("tags").EnumerateArray().Select(tag => tag.GetProperty("name").GetString()).Where(tag => tag != "Admin"),
            ignoreOrder: true
        );
    }

    // What both editors know: variables of the file, the time, and members of earlier answers.
    private static string ValueOf(string placeholder, Dictionary<string, string> variables, Dictionary<string, JsonElement> answers)
    {
        if (placeholder == "$timestamp")
        {
            // Seconds would be the same for tests that run at once.
            return TimeProvider.System.GetTimestamp().ToString(CultureInfo.InvariantCulture);
        }

        if (placeholder.Split(".response.body.$.") is not [var name, var path])
        {
            return variables[placeholder];
        }

        var value = answers[name];
        foreach (Match step in Step().Matches(path))
        {
            value = step.Groups["index"] is { Success: true, Value: var index }
                ? value[int.Parse(index, CultureInfo.InvariantCulture)]
                : value.GetProperty(step.Groups["member"].Value);
        }

        return value.GetString()!;
    }

    [GeneratedRegex(@"^@(?<name>\w+) = (?<value>.*)$", RegexOptions.Multiline)]
    private static partial Regex Variable();

    [GeneratedRegex(@"\[(?<index>\d+)\]|(?<member>\w+)")]
    private static partial Regex Step();

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();

    private sealed partial record Request(string Title, string? Name, string Line, string[] Headers, string Body)
    {
        /// <summary>The status that the title foretells; null for a success.</summary>
        public int? Refused =>
            RefusedWith().Match(Title) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : null;

        public static Request Parse(string part)
        {
            var lines = part.Split('\n');
            var rest = lines.Skip(1).SkipWhile(line => line.StartsWith('#')).ToArray();
            return new Request(
                lines[0].Trim(),
                lines.Select(line => NameOf().Match(line)).FirstOrDefault(match => match.Success)?.Groups[1].Value,
                rest[0],
                [.. rest.Skip(1).TakeWhile(line => line.Length > 0)],
                string.Join('\n', rest.SkipWhile(line => line.Length > 0)).Trim()
            );
        }

        public HttpRequestMessage Message(Func<string, string> valueOf)
        {
            string Filled(string text) => Placeholder().Replace(text, match => valueOf(match.Groups[1].Value));
            var words = Filled(Line).Split(' ');
            words.Length.ShouldBe(2, Line);
            var message = new HttpRequestMessage(HttpMethod.Parse(words[0]), words[1]);
            var type = "text/plain";
            foreach (var header in Headers.Select(header => Filled(header).Split(": ")))
            {
                if (header[0] == "Content-Type")
                {
                    type = header[1];
                }
                else
                {
                    message.Headers.Add(header[0], header[1]);
                }
            }

            message.Content = Body.Length == 0 ? null : new StringContent(Filled(Body), Encoding.UTF8, type);
            return message;
        }

        [GeneratedRegex(@"is refused with (\d+)$")]
        private static partial Regex RefusedWith();

        [GeneratedRegex(@"^# @name (\w+)$")]
        private static partial Regex NameOf();

        [GeneratedRegex(@"\{\{([^}]+)\}\}")]
        private static partial Regex Placeholder();
    }
}
