using Microsoft.EntityFrameworkCore;
using NetPilot.Blacklist.Data;
using NetPilot.Blacklist.Rules;
using NetPilot.Devices.Contracts;

namespace NetPilot.Blacklist.Features.EditLists;

internal sealed class ListBlacklistEndpoint(RuleTargets targets, BlacklistDbContext db, IDeviceDirectory devices)
    : ListEntriesEndpoint(RuleKind.Limited, targets, db, devices)
{
    protected override IQueryable<Rule> Rows(BlacklistDbContext db) => db.LimitedDevices.AsNoTracking();
}

internal sealed class AddToBlacklistEndpoint(RuleTargets targets, RuleCommands commands)
    : AddListEntryEndpoint(RuleKind.Limited, targets, commands);

internal sealed class RemoveFromBlacklistEndpoint(RuleTargets targets, RuleCommands commands)
    : RemoveListEntryEndpoint(RuleKind.Limited, targets, commands);
