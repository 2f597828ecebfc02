using System.Text.Json;
using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace NetPilot.People.Data.Entities;

/// <summary>When a person's devices, or one device, are held every week.</summary>
internal sealed class Schedule : IOfRouter
{
    public const int MaxNameLength = 50;
    public const int MaxOfRouter = 100;
    public const int MaxWindows = 28;
    public const int MaxExceptions = 100;

    public Guid Id { get; private set; }

    public Guid UserId { get; private set; }

    public string RouterId { get; private set; } = null!;

    public string Name { get; set; } = null!;

    /// <summary>Whose devices it holds; null for the schedule of a device.</summary>
    public Guid? PersonId { get; set; }

    /// <summary>The device that it holds; null for the schedule of a person.</summary>
    public Guid? DeviceId { get; set; }

    public bool Enabled { get; set; }

    public IReadOnlyList<Window> Windows { get; set; } = [];

    public IReadOnlyList<ScheduleException> Exceptions { get; set; } = [];

    /// <summary>The start of the window that was put in force last and has not ended; null where none holds.</summary>
    public DateTimeOffset? InForceSince { get; private set; }

    /// <summary>When the schedule begins or ends to hold next; past where a change is still to be put in force.</summary>
    public DateTimeOffset? NextChangeAt { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public WeekPlan Week => new(Windows, Exceptions);

    public static Schedule Create(Guid id, OwnedRouter router, DateTimeOffset now) =>
        new()
        {
            Id = id,
            UserId = router.UserId,
            RouterId = router.RouterId,
            Enabled = true,
            CreatedAt = now,
            NextChangeAt = now,
        };

    /// <summary>What is to hold has changed, and is still to be put in force.</summary>
    public void MarkDue(DateTimeOffset now) => NextChangeAt = now;
}

internal sealed class ScheduleConfiguration : IEntityTypeConfiguration<Schedule>
{
    private static readonly JsonSerializerOptions Json = Options();

    public void Configure(EntityTypeBuilder<Schedule> builder)
    {
        builder.ToTable(
            "schedules",
            table =>
            {
                table.HasCheckConstraint("ck_schedules_name", $"char_length(name) BETWEEN 1 AND {Schedule.MaxNameLength}");
                table.HasCheckConstraint("ck_schedules_target", "(person_id IS NULL) <> (device_id IS NULL)");
            }
        );
        builder.Ignore(schedule => schedule.Week);
        builder.Property(schedule => schedule.Id).ValueGeneratedNever();
        builder.Property(schedule => schedule.RouterId).HasMaxLength(128);
        AsJson(builder.Property(schedule => schedule.Windows));
        AsJson(builder.Property(schedule => schedule.Exceptions));
        builder.HasIndex("UserId", "RouterId", "CreatedAt", "Id").IsDescending(false, false, true, true);
        builder.HasIndex(schedule => schedule.PersonId);
        builder.HasOne<Person>().WithMany().HasForeignKey(schedule => schedule.PersonId).OnDelete(DeleteBehavior.Cascade);
    }

    private static void AsJson<T>(PropertyBuilder<IReadOnlyList<T>> property) =>
        property
            .HasColumnType("jsonb")
            .HasConversion(
                list => JsonSerializer.Serialize(list, Json),
                text => JsonSerializer.Deserialize<T[]>(text, Json)!,
                // A list is replaced as a whole.
                new ValueComparer<IReadOnlyList<T>>((left, right) => ReferenceEquals(left, right), list => list.Count, list => list)
            );

    private static JsonSerializerOptions Options()
    {
        var options = new JsonSerializerOptions();
        ApiJson.Configure(options);
        return options;
    }
}
