using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Routers.Data.Migrations
{
    /// <inheritdoc />
    public partial class RefusedResets : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "refusals",
                schema: "routers",
                table: "pending_resets",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<string>(
                name: "refused_code",
                schema: "routers",
                table: "pending_resets",
                type: "text",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "refusals",
                schema: "routers",
                table: "pending_resets");

            migrationBuilder.DropColumn(
                name: "refused_code",
                schema: "routers",
                table: "pending_resets");
        }
    }
}
