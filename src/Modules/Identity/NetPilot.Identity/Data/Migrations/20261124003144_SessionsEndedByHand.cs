using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Identity.Data.Migrations
{
    /// <inheritdoc />
    public partial class SessionsEndedByHand : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "ix_sessions_id",
                schema: "identity",
                table: "sessions",
                column: "id",
                filter: "ended_at IS NOT NULL AND commands_state NOT IN ('ending', 'ended')");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_sessions_id",
                schema: "identity",
                table: "sessions");
        }
    }
}
