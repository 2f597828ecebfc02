using Microsoft.EntityFrameworkCore;
using NetPilot.Blacklist.Data;
using NetPilot.Blacklist.Rules;
using NetPilot.Devices.Contracts;

namespace NetPilot.Blacklist.Features.EditLists;

internal sealed class ListWhitelistEndpoint(RuleTargets targets, BlacklistDbContext db, IDeviceDirectory devices)
    : ListEntriesEndpoint(RuleKind.Exempt, targets, db, devices)
{
    protected override IQueryable<Rule> Rows(BlacklistDbContext db) => db.Whitelist.AsNoTracking();
}

internal sealed class AddToWhitelistEndpoint(RuleTargets targets, RuleCommands commands)
    : AddListEntryEndpoint(RuleKind.Exempt, targets, commands);

internal sealed class RemoveFromWhitelistEndpoint(RuleTargets targets, RuleCommands commands)
    : RemoveListEntryEndpoint(RuleKind.Exempt, targets, commands);
