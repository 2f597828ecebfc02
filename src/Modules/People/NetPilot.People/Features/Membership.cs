namespace NetPilot.People.Features;

/// <summary>Devices that a request names.</summary>
/// <param name="Field">The field that names them.</param>
internal sealed record NamedDevices(string Field, IReadOnlyCollection<Guid> Ids)
{
    public static NamedDevices Of(Guid? deviceId) => new("deviceId", deviceId is { } id ? [id] : []);
}

/// <summary>Says whose devices are whose.</summary>
internal sealed class Membership(IDeviceDirectory devices)
{
    /// <summary>
    /// Checks that the router has these devices, and that none of them is the router itself. They stay until the transaction ends: a device that is
    /// being deleted is nobody's.
    /// </summary>
    /// <exception cref="ProblemException">404 <c>device_not_found</c>, or 400 for the router itself.</exception>
    public async Task KeepAsync(OwnedRouter router, NamedDevices named, DbTransaction transaction, CancellationToken cancellationToken)
    {
        var known = await devices.KeepAsync(router.UserId, router.RouterId, named.Ids, transaction, cancellationToken);
        if (named.Ids.Except(known.Select(device => device.Id)).Any())
        {
            throw new ProblemException(PeopleProblems.DeviceNotFound());
        }

        if (known.Any(device => device.IsRouter))
        {
            throw new ProblemException(Problem.Invalid(named.Field, "The router itself is nobody's device."));
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
