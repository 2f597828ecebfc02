using System;
using System.Net;
using System.Net.NetworkInformation;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Devices.Data.Migrations
{
    /// <inheritdoc />
    public partial class InitialDevices : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "devices");

            migrationBuilder.CreateTable(
                name: "router_scans",
                schema: "devices",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    router_id = table.Column<string>(type: "text", nullable: false),
                    scanned_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_router_scans", x => new { x.user_id, x.router_id });
                });

            migrationBuilder.CreateTable(
                name: "user_devices",
                schema: "devices",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    router_id = table.Column<string>(type: "text", nullable: false),
                    ip = table.Column<IPAddress>(type: "inet", nullable: false),
                    mac = table.Column<PhysicalAddress>(type: "macaddr", nullable: true),
                    hostname = table.Column<string>(type: "text", nullable: true),
                    device_name = table.Column<string>(type: "text", nullable: true),
                    device_type = table.Column<string>(type: "text", nullable: false, defaultValueSql: "'other'"),
                    manufacturer = table.Column<string>(type: "text", nullable: true),
                    first_seen = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    last_seen = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    online = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_user_devices", x => x.id);
                    table.CheckConstraint("ck_user_devices_device_name", "char_length(device_name) BETWEEN 1 AND 100");
                    table.CheckConstraint("ck_user_devices_device_type", "device_type IN ('phone', 'tablet', 'computer', 'tv', 'console', 'iot', 'printer', 'camera', 'router', 'other')");
                });

            migrationBuilder.CreateIndex(
                name: "ix_user_devices_user_id_router_id_first_seen_id",
                schema: "devices",
                table: "user_devices",
                columns: new[] { "user_id", "router_id", "first_seen", "id" },
                descending: new[] { false, false, true, true });

            migrationBuilder.CreateIndex(
                name: "ix_user_devices_user_id_router_id_ip",
                schema: "devices",
                table: "user_devices",
                columns: new[] { "user_id", "router_id", "ip" });

            // EF takes neither macaddr nor inet into a unique index. A device is its MAC where it has one, else its address.
            migrationBuilder.Sql(
                """
                CREATE UNIQUE INDEX ux_user_devices_mac ON devices.user_devices (user_id, router_id, mac);
                CREATE UNIQUE INDEX ux_user_devices_ip_without_mac ON devices.user_devices (user_id, router_id, ip) WHERE mac IS NULL;
                """
            );
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "router_scans",
                schema: "devices");

            migrationBuilder.DropTable(
                name: "user_devices",
                schema: "devices");
        }
    }
}
