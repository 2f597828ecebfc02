using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Routers.Data.Migrations
{
    /// <inheritdoc />
    public partial class TimeZones : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropCheckConstraint(
                name: "ck_router_commands_kind",
                schema: "routers",
                table: "router_commands");

            migrationBuilder.AddColumn<string>(
                name: "time_zone",
                schema: "routers",
                table: "user_routers",
                type: "character varying(64)",
                maxLength: 64,
                nullable: false,
                defaultValue: "UTC");

            migrationBuilder.AddCheckConstraint(
                name: "ck_router_commands_kind",
                schema: "routers",
                table: "router_commands",
                sql: "kind IN ('block', 'unblock', 'reset', 'scan', 'speedtest', 'wifi_status', 'wifi_enable', 'wifi_disable', 'wifi_ssid', 'wifi_password', 'blacklist_add', 'blacklist_remove', 'whitelist_add', 'whitelist_remove', 'sync', 'settle', 'drift', 'pause', 'resume', 'allow', 'schedule')");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropCheckConstraint(
                name: "ck_router_commands_kind",
                schema: "routers",
                table: "router_commands");

            migrationBuilder.DropColumn(
                name: "time_zone",
                schema: "routers",
                table: "user_routers");

            migrationBuilder.AddCheckConstraint(
                name: "ck_router_commands_kind",
                schema: "routers",
                table: "router_commands",
                sql: "kind IN ('block', 'unblock', 'reset', 'scan', 'speedtest', 'wifi_status', 'wifi_enable', 'wifi_disable', 'wifi_ssid', 'wifi_password', 'blacklist_add', 'blacklist_remove', 'whitelist_add', 'whitelist_remove', 'sync', 'settle', 'drift')");
        }
    }
}
