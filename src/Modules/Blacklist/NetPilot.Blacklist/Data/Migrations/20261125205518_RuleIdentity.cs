using System.Net;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Blacklist.Data.Migrations
{
    /// <inheritdoc />
    public partial class RuleIdentity : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "clearing_fence",
                schema: "blacklist",
                table: "user_whitelists",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<IPAddress[]>(
                name: "device_aliases",
                schema: "blacklist",
                table: "user_whitelists",
                type: "inet[]",
                nullable: false,
                defaultValueSql: "'{}'");

            migrationBuilder.AddColumn<bool>(
                name: "mac_confirmed",
                schema: "blacklist",
                table: "user_whitelists",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<long>(
                name: "clearing_fence",
                schema: "blacklist",
                table: "user_limited_devices",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<IPAddress[]>(
                name: "device_aliases",
                schema: "blacklist",
                table: "user_limited_devices",
                type: "inet[]",
                nullable: false,
                defaultValueSql: "'{}'");

            migrationBuilder.AddColumn<bool>(
                name: "mac_confirmed",
                schema: "blacklist",
                table: "user_limited_devices",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<long>(
                name: "clearing_fence",
                schema: "blacklist",
                table: "user_blacklists",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<IPAddress[]>(
                name: "device_aliases",
                schema: "blacklist",
                table: "user_blacklists",
                type: "inet[]",
                nullable: false,
                defaultValueSql: "'{}'");

            migrationBuilder.AddColumn<bool>(
                name: "mac_confirmed",
                schema: "blacklist",
                table: "user_blacklists",
                type: "boolean",
                nullable: false,
                defaultValue: false);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "clearing_fence",
                schema: "blacklist",
                table: "user_whitelists");

            migrationBuilder.DropColumn(
                name: "device_aliases",
                schema: "blacklist",
                table: "user_whitelists");

            migrationBuilder.DropColumn(
                name: "mac_confirmed",
                schema: "blacklist",
                table: "user_whitelists");

            migrationBuilder.DropColumn(
                name: "clearing_fence",
                schema: "blacklist",
                table: "user_limited_devices");

            migrationBuilder.DropColumn(
                name: "device_aliases",
                schema: "blacklist",
                table: "user_limited_devices");

            migrationBuilder.DropColumn(
                name: "mac_confirmed",
                schema: "blacklist",
                table: "user_limited_devices");

            migrationBuilder.DropColumn(
                name: "clearing_fence",
                schema: "blacklist",
                table: "user_blacklists");

            migrationBuilder.DropColumn(
                name: "device_aliases",
                schema: "blacklist",
                table: "user_blacklists");

            migrationBuilder.DropColumn(
                name: "mac_confirmed",
                schema: "blacklist",
                table: "user_blacklists");
        }
    }
}
