namespace NetPilot.People.Data.Entities;

/// <summary>Somebody whose devices are held together.</summary>
internal sealed class Person : IOfRouter
{
    public const int MaxNameLength = 50;
    public const int MaxOfRouter = 50;

    public Guid Id { get; private set; }

    public Guid UserId { get; private set; }

    public string RouterId { get; private set; } = null!;

    public string Name { get; private set; } = null!;

    /// <summary>The name without regard to case.</summary>
    public string NameKey { get; private set; } = null!;

    public string? Color { get; set; }

    /// <summary>When the present pause began; null where there is none.</summary>
    public DateTimeOffset? PausedSince { get; private set; }

    /// <summary>When the pause ends by itself; null for when it is ended.</summary>
    public DateTimeOffset? PausedUntil { get; private set; }

    /// <summary>Until when no schedule holds the person's devices.</summary>
    public DateTimeOffset? AllowedUntil { get; private set; }

    /// <summary>When the pause or the extra time ends; past where a change is still to be put in force.</summary>
    public DateTimeOffset? NextChangeAt { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public List<PersonDevice> Devices { get; private set; } = [];

    public static Person Create(Guid id, OwnedRouter router, string name, string? color, DateTimeOffset now)
    {
        var person = new Person
        {
            Id = id,
            UserId = router.UserId,
            RouterId = router.RouterId,
            Color = color,
            CreatedAt = now,
            NextChangeAt = now,
        };
        person.Rename(name);
        return person;
    }

    public static string KeyOf(string name) => TextRules.Normalize(name, MaxNameLength).ToUpperInvariant();

    public bool IsPausedAt(DateTimeOffset now) => PausedSince is not null && !(PausedUntil <= now);

    public bool IsAllowedAt(DateTimeOffset now) => AllowedUntil > now;

    public void Rename(string name) => (Name, NameKey) = (name, KeyOf(name));

    /// <summary>A repeat is a new pause: it holds devices too that were let through from the one before.</summary>
    public void Pause(DateTimeOffset now, DateTimeOffset? until)
    {
        (PausedSince, PausedUntil) = (now, until);
        MarkDue(now);
    }

    /// <summary>As <see cref="Pause"/>, and a pause that would last longer is not cut short.</summary>
    public void PauseAtLeast(DateTimeOffset now, DateTimeOffset? until) =>
        Pause(now, until is not null && IsPausedAt(now) && !(PausedUntil < until) ? PausedUntil : until);

    public void Resume(DateTimeOffset now)
    {
        (PausedSince, PausedUntil) = (null, null);
        MarkDue(now);
    }

    public void Allow(DateTimeOffset now, DateTimeOffset? until)
    {
        AllowedUntil = until;
        MarkDue(now);
    }

    /// <summary>What is to hold has changed, and is still to be put in force.</summary>
    public void MarkDue(DateTimeOffset now) => NextChangeAt = now;
}

/// <summary>That a device is somebody's.</summary>
internal sealed class PersonDevice : IOfRouter
{
    private PersonDevice() { }

    public PersonDevice(Person person, Guid deviceId) =>
        (UserId, RouterId, DeviceId, PersonId) = (person.UserId, person.RouterId, deviceId, person.Id);

    public Guid UserId { get; private set; }

    public string RouterId { get; private set; } = null!;

    /// <summary>The device, by its id in Devices.</summary>
    public Guid DeviceId { get; private set; }

    public Guid PersonId { get; private set; }
}

internal sealed class PersonConfiguration : IEntityTypeConfiguration<Person>
{
    public void Configure(EntityTypeBuilder<Person> builder)
    {
        builder.ToTable(
            "people",
            table =>
            {
                table.HasCheckConstraint("ck_people_name", $"char_length(name) BETWEEN 1 AND {Person.MaxNameLength}");
                table.HasCheckConstraint("ck_people_color", "color ~ '^#[0-9A-Fa-f]{6}$'");
                table.HasCheckConstraint("ck_people_pause", "paused_until IS NULL OR paused_since IS NOT NULL");
            }
        );
        builder.Property(person => person.Id).ValueGeneratedNever();
        builder.Property(person => person.RouterId).HasMaxLength(128);
        builder.HasIndex("UserId", "RouterId", "NameKey").IsUnique();
        builder.HasIndex("UserId", "RouterId", "CreatedAt", "Id").IsDescending(false, false, true, true);
        builder.HasMany(person => person.Devices).WithOne().HasForeignKey(device => device.PersonId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class PersonDeviceConfiguration : IEntityTypeConfiguration<PersonDevice>
{
    public void Configure(EntityTypeBuilder<PersonDevice> builder)
    {
        builder.ToTable("person_devices");
        builder.HasKey(device => new
        {
            device.UserId,
            device.RouterId,
            device.DeviceId,
        });
        builder.Property(device => device.RouterId).HasMaxLength(128);
    }
}
