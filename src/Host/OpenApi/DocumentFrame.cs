namespace NetPilot.Host.OpenApi;

/// <summary>What stands above the operations, and their order: that in which a user meets them.</summary>
internal sealed class DocumentFrame : IDocumentProcessor
{
    public const string Bearer = "bearer";

    private static readonly OpenApiTag[] Tags =
    [
        Tag("Account", "Registering, the caller's own account and its password."),
        Tag("Sessions", "Logging in and out, and the sessions of the account."),
        Tag("Routers", "Claiming routers, and commands to a router as a whole."),
        Tag("Devices", "Scans, and the devices behind a router."),
        Tag("Blocks", "Devices that are kept off the network of their router."),
        Tag(
            "Lists",
            "The two lists of a router: addresses with limited bandwidth (`blacklist`), and addresses that are exempt (`whitelist`)."
        ),
        Tag("People", "The people of a router, whose devices are paused and held together."),
        Tag("Schedules", "Times of the week at which a person's devices, or one device, are held."),
        Tag("Wi-Fi", "The Wi-Fi of a router."),
        Tag("Activity", "The commands that were sent to a router, and how they ended."),
        Tag("Admin", "Administration of users and claims, for the role `admin`."),
    ];

    private static readonly string[] Methods = ["post", "get", "put", "patch", "delete"];

    public void Process(DocumentProcessorContext context)
    {
        var document = context.Document;
        document.Generator = null;
        document.Info = new OpenApiInfo
        {
            Title = "NetPilot",
            Version = "1",
            Description =
                "Manages home routers: scans for devices, names them, blocks and unblocks them, and changes the Wi-Fi. "
                + "Register, log in, put the `accessToken` into *Authorize*, claim a router, and scan it.\n\n"
                + "Every error is a problem (RFC 9457) with a `code` for programs. Lists come in pages: `nextCursor` is the `cursor` of the next one.",
            Contact = new OpenApiContact { Name = "NetPilot" },
        };
        document.Servers.Clear();
        document.Servers.Add(new OpenApiServer { Url = "/", Description = "The server that gave this document." });
        document.Tags = [.. Tags];
        document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme
        {
            Type = OpenApiSecuritySchemeType.Http,
            Scheme = "bearer",
            BearerFormat = "JWT",
            Description = "The `accessToken` of a login or a refresh.",
        };
        foreach (var path in document.Paths.Values)
        {
            Sort(path, operation => Array.IndexOf(Methods, operation.Key));
            foreach (var operation in path.Values)
            {
                Sort(operation.Responses, response => response.Key);
            }
        }

        Sort(document.Paths, path => Order(path.Key, path.Value.Values.First()));
        Sort(document.Components.Schemas, schema => schema.Key);
        Sort(document.Components.Responses, response => response.Key);
        Sort(document.Components.Examples, example => example.Key);
    }

    // Within a tag, what needs no token comes first, and longer paths come after shorter ones.
    private static (int Tag, bool NeedsToken, int Depth, string Path) Order(string path, OpenApiOperation operation) =>
        (
            Array.FindIndex(Tags, tag => tag.Name == operation.Tags[0]),
            operation.Security.Count > 0,
            path.Count(letter => letter == '/'),
            path
        );

    private static void Sort<TValue, TKey>(IDictionary<string, TValue> entries, Func<KeyValuePair<string, TValue>, TKey> by)
    {
        var sorted = entries.OrderBy(by).ToArray();
        entries.Clear();
        foreach (var (key, value) in sorted)
        {
            entries[key] = value;
        }
    }

    private static OpenApiTag Tag(string name, string description) => new() { Name = name, Description = description };
}
