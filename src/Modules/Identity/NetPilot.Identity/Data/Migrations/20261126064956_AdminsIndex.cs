using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Identity.Data.Migrations
{
    /// <inheritdoc />
    public partial class AdminsIndex : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "ix_users_admins",
                schema: "identity",
                table: "users",
                column: "role",
                filter: "role = 'admin' AND disabled_at IS NULL AND deleted_at IS NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_users_admins",
                schema: "identity",
                table: "users");
        }
    }
}
