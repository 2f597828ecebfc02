using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Routers.Data.Migrations
{
    /// <inheritdoc />
    public partial class ActivityByTime : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_router_commands_started_at",
                schema: "routers",
                table: "router_commands");

            migrationBuilder.CreateIndex(
                name: "ix_router_commands_started_at",
                schema: "routers",
                table: "router_commands",
                column: "started_at");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_router_commands_started_at",
                schema: "routers",
                table: "router_commands");

            migrationBuilder.CreateIndex(
                name: "ix_router_commands_started_at",
                schema: "routers",
                table: "router_commands",
                column: "started_at")
                .Annotation("Npgsql:IndexMethod", "brin");
        }
    }
}
