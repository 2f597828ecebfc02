using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace NetPilot.Devices.Data.Entities;

/// <summary>
/// A device that scans saw behind a router, known by its MAC or else by its address. Only scans add devices. No scan changes name and type.
/// </summary>
internal sealed class UserDevice
{
    public const int MaxNameLength = 100;

    public Guid Id { get; private set; }

    public Guid UserId { get; private set; }

    public string RouterId { get; private set; } = null!;

    public IPAddress Ip { get; private set; } = null!;

    public PhysicalAddress? Mac { get; private set; }

    public string? Hostname { get; private set; }

    public string? DeviceName { get; set; }

    public DeviceType DeviceType { get; set; }

    public string? Manufacturer { get; private set; }

    public DateTimeOffset FirstSeen { get; private set; }

    public DateTimeOffset LastSeen { get; private set; }

    public bool Online { get; private set; }

    /// <summary>Whether a scan added the device, and nobody has acknowledged it yet. Devices of versions without it count as acknowledged.</summary>
    public bool IsNew { get; set; } = true;

    /// <summary>The columns that <see cref="Read"/> expects.</summary>
    public const string Columns =
        "id, user_id, router_id, ip, mac, hostname, device_name, device_type, manufacturer, first_seen, last_seen, online, is_new";

    /// <summary>The same, of the row that a statement calls <c>device</c>.</summary>
    public static readonly string ColumnsOfDevice = string.Join(", ", Columns.Split(", ").Select(column => $"device.{column}"));

    /// <summary>Whether the MAC is locally administered, as phones have it for privacy.</summary>
    public bool HasPrivateAddress => Mac?.GetAddressBytes() is [var first, ..] && (first & 0b10) != 0;

    public static UserDevice Read(DbDataReader row) =>
        new()
        {
            Id = row.GetGuid(0),
            UserId = row.GetGuid(1),
            RouterId = row.GetString(2),
            Ip = row.GetFieldValue<IPAddress>(3),
            Mac = row.Nullable<PhysicalAddress>(4),
            Hostname = row.Nullable<string>(5),
            DeviceName = row.Nullable<string>(6),
            DeviceType = SnakeCase.Parse<DeviceType>(row.GetString(7)),
            Manufacturer = row.Nullable<string>(8),
            FirstSeen = row.GetFieldValue<DateTimeOffset>(9),
            LastSeen = row.GetFieldValue<DateTimeOffset>(10),
            Online = row.GetBoolean(11),
            IsNew = row.GetBoolean(12),
        };

    /// <summary>The device as other modules know it.</summary>
    public KnownDevice AsKnown() => new(Id, Ip, Mac, DeviceName ?? Hostname, DeviceType == DeviceType.Router, Online);
}

internal sealed class UserDeviceConfiguration : IEntityTypeConfiguration<UserDevice>
{
    public void Configure(EntityTypeBuilder<UserDevice> builder)
    {
        // The migration makes the unique indexes over mac and ip, because EF supports neither type in one.
        builder.ToTable(
            "user_devices",
            table =>
            {
                table.HasCheckConstraint("ck_user_devices_device_type", SnakeCase.Check<DeviceType>("device_type"));
                table.HasCheckConstraint(
                    "ck_user_devices_device_name",
                    $"char_length(device_name) BETWEEN 1 AND {UserDevice.MaxNameLength}"
                );
            }
        );
        // Without a sentinel, EF would replace the first type by the default of the database.
        builder
            .Property(device => device.DeviceType)
            .HasConversion(new SnakeCaseConverter<DeviceType>())
            .HasDefaultValueSql("'other'")
            .HasSentinel((DeviceType)(-1));
        builder.Ignore(device => device.HasPrivateAddress);
        builder.HasIndex("UserId", "RouterId", "FirstSeen", "Id").IsDescending(false, false, true, true);
        builder.HasIndex("UserId", "RouterId", "Ip");
        builder.Property(device => device.IsNew).HasDefaultValue(true);
        // The migration makes the partial indexes of new devices and of lookalikes too.
    }
}
