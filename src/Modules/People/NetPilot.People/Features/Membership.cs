using NetPilot.Devices.Contracts;

namespace NetPilot.People.Features;

/// <summary>Says whose devices are whose.</summary>
internal sealed class Membership(IDeviceDirectory devices)
{
    /// <summary>Checks that the router has these devices, and that none of them is the router itself.</summary>
    /// <exception cref="ProblemException">404 <c>device_not_found</c>, or 400 for the router itself.</exception>
    public async Task CheckAsync(OwnedRouter router, IReadOnlyCollection<Guid> deviceIds, string field, CancellationToken cancellationToken)
    {
        if (deviceIds.Count == 0)
        {
            return;
        }

        var known = await devices.LookUpAsync(router.UserId, router.RouterId, deviceIds, [], cancellationToken);
        if (deviceIds.Except(known.Select(device => device.Id)).Any())
        {
            throw new ProblemException(PeopleProblems.DeviceNotFound());
        }

        if (known.Any(device => device.IsRouter))
        {
            throw new ProblemException(Problem.Invalid(field, "The router itself is nobody's device."));
        }
    }

    /// <summary>Makes these the person's devices. One of somebody else's moves here.</summary>
    /// <returns>Whose holds that is about.</returns>
    public static async Task<Touched> AssignAsync(
        PeopleDbContext db,
        OwnedRouter router,
        Person person,
        HashSet<Guid> deviceIds,
        DateTimeOffset now
    )
    {
        var gone = person.Devices.Where(device => !deviceIds.Contains(device.DeviceId)).ToArray();
        var missing = deviceIds.Except(person.Devices.Select(device => device.DeviceId)).ToHashSet();
        var others = await db
            .People.OfRouter(router)
            .Include(other => other.Devices)
            .Where(other => other.Id != person.Id && other.Devices.Any(device => missing.Contains(device.DeviceId)))
            .ToListAsync();
        foreach (var other in others)
        {
            foreach (var device in other.Devices.Where(device => missing.Remove(device.DeviceId)).ToArray())
            {
                other.Devices.Remove(device);
                person.Devices.Add(device);
            }

            other.MarkDue(now);
        }

        db.RemoveRange(gone);
        person.Devices.RemoveAll(gone.Contains);
        person.Devices.AddRange(missing.Select(id => new PersonDevice(person, id)));
        person.MarkDue(now);
        return Touched.Of([person.Id, .. others.Select(other => other.Id)], person.Devices.Concat(gone).Select(device => device.DeviceId));
    }
}
