using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Blacklist.Data.Migrations
{
    /// <inheritdoc />
    public partial class Holds : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_user_whitelists_expiry",
                schema: "blacklist",
                table: "user_whitelists");

            migrationBuilder.DropIndex(
                name: "ix_user_limited_devices_expiry",
                schema: "blacklist",
                table: "user_limited_devices");

            migrationBuilder.DropIndex(
                name: "ix_user_blacklists_expiry",
                schema: "blacklist",
                table: "user_blacklists");

            migrationBuilder.AddColumn<bool>(
                name: "held_manually",
                schema: "blacklist",
                table: "user_whitelists",
                type: "boolean",
                nullable: false,
                defaultValue: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "held_until",
                schema: "blacklist",
                table: "user_whitelists",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "let_through_at",
                schema: "blacklist",
                table: "user_whitelists",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "held_manually",
                schema: "blacklist",
                table: "user_limited_devices",
                type: "boolean",
                nullable: false,
                defaultValue: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "held_until",
                schema: "blacklist",
                table: "user_limited_devices",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "let_through_at",
                schema: "blacklist",
                table: "user_limited_devices",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "held_manually",
                schema: "blacklist",
                table: "user_blacklists",
                type: "boolean",
                nullable: false,
                defaultValue: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "held_until",
                schema: "blacklist",
                table: "user_blacklists",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "let_through_at",
                schema: "blacklist",
                table: "user_blacklists",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "holds",
                schema: "blacklist",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    router_id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    device_id = table.Column<Guid>(type: "uuid", nullable: false),
                    kind = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false),
                    source_id = table.Column<Guid>(type: "uuid", nullable: false),
                    person_id = table.Column<Guid>(type: "uuid", nullable: true),
                    since = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    created_by = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    rule_id = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_holds", x => x.id);
                    table.CheckConstraint("ck_holds_kind", "kind IN ('pause', 'schedule')");
                    table.ForeignKey(
                        name: "fk_holds_blocks_rule_id",
                        column: x => x.rule_id,
                        principalSchema: "blacklist",
                        principalTable: "user_blacklists",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.AddCheckConstraint(
                name: "ck_user_whitelists_held",
                schema: "blacklist",
                table: "user_whitelists",
                sql: "held_manually OR held_until IS NOT NULL");

            migrationBuilder.AddCheckConstraint(
                name: "ck_user_limited_devices_held",
                schema: "blacklist",
                table: "user_limited_devices",
                sql: "held_manually OR held_until IS NOT NULL");

            migrationBuilder.AddCheckConstraint(
                name: "ck_user_blacklists_held",
                schema: "blacklist",
                table: "user_blacklists",
                sql: "held_manually OR held_until IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_holds_rule",
                schema: "blacklist",
                table: "holds",
                column: "rule_id");

            migrationBuilder.CreateIndex(
                name: "ux_holds_source_device",
                schema: "blacklist",
                table: "holds",
                columns: new[] { "user_id", "router_id", "kind", "source_id", "device_id" },
                unique: true);

            migrationBuilder.Sql(
                """
                CREATE INDEX ix_user_blacklists_kept_until ON blacklist.user_blacklists
                    (GREATEST(CASE WHEN held_manually THEN COALESCE(expires_at, 'infinity') END, held_until))
                WHERE state = 'blocked' AND (expires_at IS NOT NULL OR NOT held_manually);
                """
            );
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("DROP INDEX blacklist.ix_user_blacklists_kept_until;");

            migrationBuilder.DropTable(
                name: "holds",
                schema: "blacklist");

            migrationBuilder.DropCheckConstraint(
                name: "ck_user_whitelists_held",
                schema: "blacklist",
                table: "user_whitelists");

            migrationBuilder.DropCheckConstraint(
                name: "ck_user_limited_devices_held",
                schema: "blacklist",
                table: "user_limited_devices");

            migrationBuilder.DropCheckConstraint(
                name: "ck_user_blacklists_held",
                schema: "blacklist",
                table: "user_blacklists");

            migrationBuilder.DropColumn(
                name: "held_manually",
                schema: "blacklist",
                table: "user_whitelists");

            migrationBuilder.DropColumn(
                name: "held_until",
                schema: "blacklist",
                table: "user_whitelists");

            migrationBuilder.DropColumn(
                name: "let_through_at",
                schema: "blacklist",
                table: "user_whitelists");

            migrationBuilder.DropColumn(
                name: "held_manually",
                schema: "blacklist",
                table: "user_limited_devices");

            migrationBuilder.DropColumn(
                name: "held_until",
                schema: "blacklist",
                table: "user_limited_devices");

            migrationBuilder.DropColumn(
                name: "let_through_at",
                schema: "blacklist",
                table: "user_limited_devices");

            migrationBuilder.DropColumn(
                name: "held_manually",
                schema: "blacklist",
                table: "user_blacklists");

            migrationBuilder.DropColumn(
                name: "held_until",
                schema: "blacklist",
                table: "user_blacklists");

            migrationBuilder.DropColumn(
                name: "let_through_at",
                schema: "blacklist",
                table: "user_blacklists");

            migrationBuilder.CreateIndex(
                name: "ix_user_whitelists_expiry",
                schema: "blacklist",
                table: "user_whitelists",
                column: "expires_at",
                filter: "expires_at IS NOT NULL AND state = 'blocked'");

            migrationBuilder.CreateIndex(
                name: "ix_user_limited_devices_expiry",
                schema: "blacklist",
                table: "user_limited_devices",
                column: "expires_at",
                filter: "expires_at IS NOT NULL AND state = 'blocked'");

            migrationBuilder.CreateIndex(
                name: "ix_user_blacklists_expiry",
                schema: "blacklist",
                table: "user_blacklists",
                column: "expires_at",
                filter: "expires_at IS NOT NULL AND state = 'blocked'");
        }
    }
}
