using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Devices.Data.Migrations
{
    /// <inheritdoc />
    public partial class OwnerStatistics : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) =>
            // A router has one owner. Told so, the planner reads a router's rows in the index's order instead of fetching and sorting all of them.
            migrationBuilder.Sql("CREATE STATISTICS devices.user_devices_owner (dependencies) ON router_id, user_id FROM devices.user_devices;");

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) =>
            migrationBuilder.Sql("DROP STATISTICS devices.user_devices_owner;");
    }
}
