namespace NetPilot.Blacklist.Features.EditLists;

/// <summary>The address to add.</summary>
/// <example>{"ip":"192.168.1.10","description":"Guests"}</example>
internal sealed class AddListEntryRequest : RouterRequest
{
    /// <summary>The device's IPv4 address.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Ip { get; init; }

    /// <summary>A note, in the user's words.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<string?> Description { get; init; }
}

internal sealed class AddListEntryValidator : Validator<AddListEntryRequest>
{
    public AddListEntryValidator()
    {
        RuleFor(request => request.Ip).Ipv4();
        RuleFor(request => request.Description).Text(0, 500, allowNewline: true);
    }
}

/// <summary>An entry to remove.</summary>
internal sealed class RemoveListEntryRequest : RouterRequest
{
    /// <summary>The address.</summary>
    /// <example>192.168.1.10</example>
    [RouteParam]
    public string Ip { get; init; } = "";
}

internal sealed class RemoveListEntryValidator : Validator<RemoveListEntryRequest>
{
    public RemoveListEntryValidator() => RuleFor(request => request.Ip).Ipv4();
}

/// <summary>An entry of one of the router's two lists.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Ip">The address.</param>
/// <param name="Mac">The MAC of the device that has the address, if it is known.</param>
/// <param name="DeviceName">The name that the user gave that device, else its hostname.</param>
/// <param name="Description">A note, in the user's words.</param>
/// <param name="State">How far it got; <c>blocked</c> means that the router holds the entry.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <example>{"id":"01a214b7-ea01-7b1c-9c53-0a8f7d1c6e42","ip":"192.168.1.10","mac":"60:32:b1:9d:c9:0b","deviceName":"Living room TV","description":"Guests","state":"blocked","createdAt":"2026-11-25T21:58:47.3012Z"}</example>
internal sealed record ListEntryResponse(
    Guid Id,
    [property: ShownAs(typeof(IPAddress))] string Ip,
    [property: ShownAs(typeof(PhysicalAddress))] string? Mac,
    string? DeviceName,
    string? Description,
    RuleState State,
    DateTimeOffset CreatedAt
)
{
    public static ListEntryResponse Of(Rule rule, DeviceNames names)
    {
        var device = names.Of(rule);
        return new ListEntryResponse(
            rule.Id,
            rule.DeviceIp.ToString(),
            AddressRules.Format(rule.DeviceMac ?? device?.Mac),
            device?.DisplayName,
            rule.Note,
            rule.State,
            rule.CreatedAt
        );
    }
}

/// <summary>What the endpoints of the two lists have in common: everything but the list.</summary>
internal abstract class ListEntriesEndpoint(RuleKind kind, IRouterOwnership ownership, BlacklistDbContext db, IDeviceDirectory devices)
    : Endpoint<RouterPageRequest, Page<ListEntryResponse>>
{
    public override void Configure()
    {
        Get($"routers/{{routerId}}/{kind.Name}");
        this.Describe(
            "Lists",
            $"List the {kind.Name}",
            $"Lists the entries of the router's {kind.Name}, newest first. The router is not asked."
        );
        Description(b => b.Answers<Page<ListEntryResponse>>(200).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(RouterPageRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var page = PageRequest.Of(request.Limit, request.Cursor, HttpContext.Request.Path.Value);
        await ownership.GetAsync(caller, request.RouterId, cancellationToken);
        var rules = await kind.Rows(db)
            .OfRouter(caller.UserId, request.RouterId)
            .InState(null)
            .ToPageAsync(RuleQueries.Newest, page, cancellationToken);

        var names = await DeviceNames.OfAsync(devices, caller.UserId, request.RouterId, rules.Items, cancellationToken);
        await Send.OkAsync(rules.Select(rule => ListEntryResponse.Of(rule, names)), cancellationToken);
    }
}

internal abstract class AddListEntryEndpoint(RuleKind kind, RuleTargets targets, RuleCommands commands)
    : Endpoint<AddListEntryRequest, ListEntryResponse>
{
    public override void Configure()
    {
        Post($"routers/{{routerId}}/{kind.Name}");
        this.Describe(
            "Lists",
            $"Add an address to the {kind.Name}",
            $"Adding an address that is on the {kind.Name} already changes only its `description`.",
            (201, "The router holds the entry."),
            (200, "The address was on the list already.")
        );
        Description(b =>
            b.Answers<ListEntryResponse>(201, 200)
                .AnswersLocation(201)
                .Refuses(ErrorCodes.TierLimitReached, ErrorCodes.RouterNotFound)
                .FailsDownstream()
        );
    }

    public override async Task HandleAsync(AddListEntryRequest request, CancellationToken cancellationToken)
    {
        var ip = IPAddress.Parse(request.Ip!);
        var (target, chosen) = await targets.OfNewEntryAsync(HttpContext, kind, request.RouterId, ip, cancellationToken);
        chosen.RefuseRouter();

        var answer = await commands.PutInForceAsync(target, new RuleWords(request.Description, default), cancellationToken);

        var entry = ListEntryResponse.Of(answer.Rule, DeviceNames.Of(chosen.Device));
        var location = $"/api/v1/routers/{request.RouterId}/{kind.Name}";
        await Send.ResponseAsync(entry, HttpContext.Announce(answer, target, location), cancellationToken);
    }
}

internal abstract class RemoveListEntryEndpoint(RuleKind kind, RuleTargets targets, RuleCommands commands)
    : Endpoint<RemoveListEntryRequest>
{
    public override void Configure()
    {
        Delete($"routers/{{routerId}}/{kind.Name}/{{ip}}");
        this.Describe("Lists", $"Remove an address from the {kind.Name}", $"Takes the address off the router's {kind.Name}.");
        Description(b => b.AnswersEmpty(204).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.NotListed).FailsDownstream());
    }

    public override async Task HandleAsync(RemoveListEntryRequest request, CancellationToken cancellationToken)
    {
        var ip = IPAddress.Parse(request.Ip);
        var target = await targets.OfEntryAsync(HttpContext, kind, request.RouterId, ip, cancellationToken);
        var answer = await commands.LiftAsync(
            target,
            new Problem(ErrorCodes.NotListed, $"The {kind.Name} has no such address."),
            cancellationToken
        );
        if (answer.Kind == RuleAnswerKind.UnderWay)
        {
            throw new ProblemException(RuleProblems.Of(answer.Rule));
        }

        await Send.NoContentAsync(cancellationToken);
    }
}

internal sealed class ListBlacklistEndpoint(IRouterOwnership ownership, BlacklistDbContext db, IDeviceDirectory devices)
    : ListEntriesEndpoint(RuleKind.Limited, ownership, db, devices);

internal sealed class AddToBlacklistEndpoint(RuleTargets targets, RuleCommands commands)
    : AddListEntryEndpoint(RuleKind.Limited, targets, commands);

internal sealed class RemoveFromBlacklistEndpoint(RuleTargets targets, RuleCommands commands)
    : RemoveListEntryEndpoint(RuleKind.Limited, targets, commands);

internal sealed class ListWhitelistEndpoint(IRouterOwnership ownership, BlacklistDbContext db, IDeviceDirectory devices)
    : ListEntriesEndpoint(RuleKind.Exempt, ownership, db, devices);

internal sealed class AddToWhitelistEndpoint(RuleTargets targets, RuleCommands commands)
    : AddListEntryEndpoint(RuleKind.Exempt, targets, commands);

internal sealed class RemoveFromWhitelistEndpoint(RuleTargets targets, RuleCommands commands)
    : RemoveListEntryEndpoint(RuleKind.Exempt, targets, commands);
