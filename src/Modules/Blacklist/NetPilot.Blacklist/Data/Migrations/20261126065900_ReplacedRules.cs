using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Blacklist.Data.Migrations
{
    /// <inheritdoc />
    public partial class ReplacedRules : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<Guid>(
                name: "replaced_by",
                schema: "blacklist",
                table: "user_whitelists",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "replaced_by",
                schema: "blacklist",
                table: "user_limited_devices",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "replaced_by",
                schema: "blacklist",
                table: "user_blacklists",
                type: "uuid",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "replaced_by",
                schema: "blacklist",
                table: "user_whitelists");

            migrationBuilder.DropColumn(
                name: "replaced_by",
                schema: "blacklist",
                table: "user_limited_devices");

            migrationBuilder.DropColumn(
                name: "replaced_by",
                schema: "blacklist",
                table: "user_blacklists");
        }
    }
}
