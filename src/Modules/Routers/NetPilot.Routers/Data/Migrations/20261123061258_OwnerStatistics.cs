using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Routers.Data.Migrations
{
    /// <inheritdoc />
    public partial class OwnerStatistics : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) =>
            // A router has one owner. Told so, the planner reads a router's rows in the index's order instead of fetching and sorting all of them.
            migrationBuilder.Sql("CREATE STATISTICS routers.router_commands_owner (dependencies) ON router_id, owner_id FROM routers.router_commands;");

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) =>
            migrationBuilder.Sql("DROP STATISTICS routers.router_commands_owner;");
    }
}
