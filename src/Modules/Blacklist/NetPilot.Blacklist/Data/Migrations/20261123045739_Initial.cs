using System;
using System.Net;
using System.Net.NetworkInformation;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Blacklist.Data.Migrations
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "blacklist");

            migrationBuilder.CreateTable(
                name: "router_checks",
                schema: "blacklist",
                columns: table => new
                {
                    router_id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    next_check_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_router_checks", x => new { x.user_id, x.router_id });
                });

            migrationBuilder.CreateTable(
                name: "rule_counts",
                schema: "blacklist",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    kind = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    live = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_rule_counts", x => new { x.user_id, x.kind });
                    table.CheckConstraint("ck_rule_counts_live", "live >= 0");
                });

            migrationBuilder.CreateTable(
                name: "user_blacklists",
                schema: "blacklist",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    router_id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    device_ip = table.Column<IPAddress>(type: "inet", nullable: false),
                    device_mac = table.Column<PhysicalAddress>(type: "macaddr", nullable: true),
                    reason = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: true),
                    state = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false),
                    code = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    code_detail = table.Column<string>(type: "text", nullable: true),
                    created_by = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    applied_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    lifted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    fence = table.Column<long>(type: "bigint", nullable: false),
                    maybe_sent = table.Column<bool>(type: "boolean", nullable: false),
                    settle_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    give_up_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    attempts = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_user_blacklists", x => x.id);
                    table.CheckConstraint("ck_user_blacklists_state", "state IN ('applying', 'blocked', 'lifting', 'lifted', 'failed')");
                });

            migrationBuilder.CreateTable(
                name: "user_limited_devices",
                schema: "blacklist",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    router_id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    device_ip = table.Column<IPAddress>(type: "inet", nullable: false),
                    device_mac = table.Column<PhysicalAddress>(type: "macaddr", nullable: true),
                    description = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: true),
                    state = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false),
                    code = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    code_detail = table.Column<string>(type: "text", nullable: true),
                    created_by = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    applied_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    lifted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    fence = table.Column<long>(type: "bigint", nullable: false),
                    maybe_sent = table.Column<bool>(type: "boolean", nullable: false),
                    settle_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    give_up_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    attempts = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_user_limited_devices", x => x.id);
                    table.CheckConstraint("ck_user_limited_devices_state", "state IN ('applying', 'blocked', 'lifting', 'lifted', 'failed')");
                });

            migrationBuilder.CreateTable(
                name: "user_whitelists",
                schema: "blacklist",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    router_id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    device_ip = table.Column<IPAddress>(type: "inet", nullable: false),
                    device_mac = table.Column<PhysicalAddress>(type: "macaddr", nullable: true),
                    description = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: true),
                    state = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false),
                    code = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    code_detail = table.Column<string>(type: "text", nullable: true),
                    created_by = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    applied_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    lifted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    fence = table.Column<long>(type: "bigint", nullable: false),
                    maybe_sent = table.Column<bool>(type: "boolean", nullable: false),
                    settle_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    give_up_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    attempts = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_user_whitelists", x => x.id);
                    table.CheckConstraint("ck_user_whitelists_state", "state IN ('applying', 'blocked', 'lifting', 'lifted', 'failed')");
                });

            migrationBuilder.CreateIndex(
                name: "ix_router_checks_next_check_at",
                schema: "blacklist",
                table: "router_checks",
                column: "next_check_at");

            migrationBuilder.CreateIndex(
                name: "ix_user_blacklists_expiry",
                schema: "blacklist",
                table: "user_blacklists",
                column: "expires_at",
                filter: "expires_at IS NOT NULL AND state = 'blocked'");

            migrationBuilder.CreateIndex(
                name: "ix_user_blacklists_ip",
                schema: "blacklist",
                table: "user_blacklists",
                columns: new[] { "user_id", "router_id", "device_ip", "created_at" });

            migrationBuilder.CreateIndex(
                name: "ix_user_blacklists_live_newest",
                schema: "blacklist",
                table: "user_blacklists",
                columns: new[] { "user_id", "router_id", "created_at", "id" },
                descending: new[] { false, false, true, true },
                filter: "state IN ('applying', 'blocked', 'lifting')");

            migrationBuilder.CreateIndex(
                name: "ix_user_blacklists_mac",
                schema: "blacklist",
                table: "user_blacklists",
                columns: new[] { "user_id", "router_id", "device_mac", "created_at" });

            migrationBuilder.CreateIndex(
                name: "ix_user_blacklists_newest",
                schema: "blacklist",
                table: "user_blacklists",
                columns: new[] { "user_id", "router_id", "state", "created_at", "id" },
                descending: new[] { false, false, false, true, true });

            migrationBuilder.CreateIndex(
                name: "ix_user_blacklists_settle",
                schema: "blacklist",
                table: "user_blacklists",
                column: "settle_at",
                filter: "settle_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_user_limited_devices_expiry",
                schema: "blacklist",
                table: "user_limited_devices",
                column: "expires_at",
                filter: "expires_at IS NOT NULL AND state = 'blocked'");

            migrationBuilder.CreateIndex(
                name: "ix_user_limited_devices_ip",
                schema: "blacklist",
                table: "user_limited_devices",
                columns: new[] { "user_id", "router_id", "device_ip", "created_at" });

            migrationBuilder.CreateIndex(
                name: "ix_user_limited_devices_live_newest",
                schema: "blacklist",
                table: "user_limited_devices",
                columns: new[] { "user_id", "router_id", "created_at", "id" },
                descending: new[] { false, false, true, true },
                filter: "state IN ('applying', 'blocked', 'lifting')");

            migrationBuilder.CreateIndex(
                name: "ix_user_limited_devices_mac",
                schema: "blacklist",
                table: "user_limited_devices",
                columns: new[] { "user_id", "router_id", "device_mac", "created_at" });

            migrationBuilder.CreateIndex(
                name: "ix_user_limited_devices_newest",
                schema: "blacklist",
                table: "user_limited_devices",
                columns: new[] { "user_id", "router_id", "state", "created_at", "id" },
                descending: new[] { false, false, false, true, true });

            migrationBuilder.CreateIndex(
                name: "ix_user_limited_devices_settle",
                schema: "blacklist",
                table: "user_limited_devices",
                column: "settle_at",
                filter: "settle_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_user_whitelists_expiry",
                schema: "blacklist",
                table: "user_whitelists",
                column: "expires_at",
                filter: "expires_at IS NOT NULL AND state = 'blocked'");

            migrationBuilder.CreateIndex(
                name: "ix_user_whitelists_ip",
                schema: "blacklist",
                table: "user_whitelists",
                columns: new[] { "user_id", "router_id", "device_ip", "created_at" });

            migrationBuilder.CreateIndex(
                name: "ix_user_whitelists_live_newest",
                schema: "blacklist",
                table: "user_whitelists",
                columns: new[] { "user_id", "router_id", "created_at", "id" },
                descending: new[] { false, false, true, true },
                filter: "state IN ('applying', 'blocked', 'lifting')");

            migrationBuilder.CreateIndex(
                name: "ix_user_whitelists_mac",
                schema: "blacklist",
                table: "user_whitelists",
                columns: new[] { "user_id", "router_id", "device_mac", "created_at" });

            migrationBuilder.CreateIndex(
                name: "ix_user_whitelists_newest",
                schema: "blacklist",
                table: "user_whitelists",
                columns: new[] { "user_id", "router_id", "state", "created_at", "id" },
                descending: new[] { false, false, false, true, true });

            migrationBuilder.CreateIndex(
                name: "ix_user_whitelists_settle",
                schema: "blacklist",
                table: "user_whitelists",
                column: "settle_at",
                filter: "settle_at IS NOT NULL");

            foreach (var table in new[] { "user_blacklists", "user_limited_devices", "user_whitelists" })
            {
                migrationBuilder.Sql(
                    $"""
                    CREATE UNIQUE INDEX ux_{table}_live_mac ON blacklist.{table} (user_id, router_id, device_mac)
                    WHERE state IN ('applying', 'blocked', 'lifting') AND device_mac IS NOT NULL;
                    CREATE UNIQUE INDEX ux_{table}_live_ip ON blacklist.{table} (user_id, router_id, device_ip)
                    WHERE state IN ('applying', 'blocked', 'lifting') AND device_mac IS NULL;
                    """
                );
            }
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "router_checks",
                schema: "blacklist");

            migrationBuilder.DropTable(
                name: "rule_counts",
                schema: "blacklist");

            migrationBuilder.DropTable(
                name: "user_blacklists",
                schema: "blacklist");

            migrationBuilder.DropTable(
                name: "user_limited_devices",
                schema: "blacklist");

            migrationBuilder.DropTable(
                name: "user_whitelists",
                schema: "blacklist");
        }
    }
}
