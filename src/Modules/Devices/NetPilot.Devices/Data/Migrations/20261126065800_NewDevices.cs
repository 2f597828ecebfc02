using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Devices.Data.Migrations
{
    /// <inheritdoc />
    public partial class NewDevices : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // The devices that are there are known. What is inserted from now on is new, by replicas of the earlier version too.
            migrationBuilder.AddColumn<bool>(
                name: "is_new",
                schema: "devices",
                table: "user_devices",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AlterColumn<bool>(
                name: "is_new",
                schema: "devices",
                table: "user_devices",
                type: "boolean",
                nullable: false,
                defaultValue: true,
                oldClrType: typeof(bool),
                oldType: "boolean",
                oldDefaultValue: false);

            // Each for the first page of a list, and for the first few devices that look like another one: the rows that they are asked for, and in
            // the order that is asked for. None has a column that each scan writes.
            migrationBuilder.Sql(
                """
                CREATE INDEX ix_user_devices_new ON devices.user_devices (user_id, router_id, first_seen DESC, id DESC) WHERE is_new;
                CREATE INDEX ix_user_devices_offline_hostname ON devices.user_devices (user_id, router_id, lower(hostname), id DESC) WHERE NOT online;
                CREATE INDEX ix_user_devices_offline_manufacturer ON devices.user_devices (user_id, router_id, manufacturer, id DESC) WHERE NOT online;
                """
            );
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(
                """
                DROP INDEX devices.ix_user_devices_offline_manufacturer;
                DROP INDEX devices.ix_user_devices_offline_hostname;
                DROP INDEX devices.ix_user_devices_new;
                """
            );

            migrationBuilder.DropColumn(
                name: "is_new",
                schema: "devices",
                table: "user_devices");
        }
    }
}
