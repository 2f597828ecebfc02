using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using NetPilot.Persistence;

namespace NetPilot.Devices.Data;

internal sealed class UserDeviceConfiguration : IEntityTypeConfiguration<UserDevice>
{
    public void Configure(EntityTypeBuilder<UserDevice> builder)
    {
        // The unique indexes over mac and ip are made in the migration: EF takes neither type into a unique index.
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
        // No type of device stands for "let the database choose": without this, the first of them would.
        builder
            .Property(device => device.DeviceType)
            .HasConversion(new SnakeCaseConverter<DeviceType>())
            .HasDefaultValueSql("'other'")
            .HasSentinel((DeviceType)(-1));
        builder.Ignore(device => device.HasPrivateAddress);
        builder
            .HasIndex(device => new
            {
                device.UserId,
                device.RouterId,
                device.FirstSeen,
                device.Id,
            })
            .IsDescending(false, false, true, true);
        builder.HasIndex(device => new
        {
            device.UserId,
            device.RouterId,
            device.Ip,
        });
    }
}
