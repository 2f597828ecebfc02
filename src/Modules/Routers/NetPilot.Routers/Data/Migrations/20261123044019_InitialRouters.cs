using System;
using System.Net;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Routers.Data.Migrations
{
    /// <inheritdoc />
    public partial class InitialRouters : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "routers");

            migrationBuilder.CreateTable(
                name: "claim_refusals",
                schema: "routers",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    address = table.Column<IPAddress>(type: "inet", nullable: false),
                    refused_at = table.Column<DateTimeOffset[]>(type: "timestamp with time zone[]", nullable: false),
                    last_refused_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                });

            migrationBuilder.CreateTable(
                name: "pending_resets",
                schema: "routers",
                columns: table => new
                {
                    router_id = table.Column<string>(type: "text", nullable: false),
                    requested_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    attempts = table.Column<int>(type: "integer", nullable: false),
                    next_attempt_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    leased_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_pending_resets", x => x.router_id);
                });

            migrationBuilder.CreateTable(
                name: "router_commands",
                schema: "routers",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: true),
                    owner_id = table.Column<Guid>(type: "uuid", nullable: false),
                    router_id = table.Column<string>(type: "text", nullable: false),
                    kind = table.Column<string>(type: "text", nullable: false),
                    target = table.Column<string>(type: "text", nullable: true),
                    outcome = table.Column<string>(type: "text", nullable: false),
                    code = table.Column<string>(type: "text", nullable: true),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    duration_ms = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_router_commands", x => x.id);
                    table.CheckConstraint("ck_router_commands_kind", "kind IN ('block', 'unblock', 'reset', 'scan', 'speedtest', 'wifi_status', 'wifi_enable', 'wifi_disable', 'wifi_ssid', 'wifi_password', 'blacklist_add', 'blacklist_remove', 'whitelist_add', 'whitelist_remove', 'sync', 'settle', 'drift')");
                    table.CheckConstraint("ck_router_commands_outcome", "outcome IN ('succeeded', 'failed', 'unknown')");
                });

            migrationBuilder.CreateTable(
                name: "router_turn_waiters",
                schema: "routers",
                columns: table => new
                {
                    router_id = table.Column<string>(type: "text", nullable: false),
                    replica = table.Column<Guid>(type: "uuid", nullable: false),
                    since = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_router_turn_waiters", x => new { x.router_id, x.replica });
                });

            migrationBuilder.CreateTable(
                name: "router_turns",
                schema: "routers",
                columns: table => new
                {
                    router_id = table.Column<string>(type: "text", nullable: false),
                    fence = table.Column<long>(type: "bigint", nullable: false),
                    lease_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    last_replica = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_router_turns", x => x.router_id);
                });

            migrationBuilder.CreateTable(
                name: "user_router_counts",
                schema: "routers",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    routers = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_user_router_counts", x => x.user_id);
                    table.CheckConstraint("ck_user_router_counts_routers", "routers >= 0");
                });

            migrationBuilder.CreateTable(
                name: "user_routers",
                schema: "routers",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    router_id = table.Column<string>(type: "text", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    last_seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    reachability = table.Column<string>(type: "text", nullable: false, defaultValue: "unknown")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_user_routers", x => x.id);
                    table.CheckConstraint("ck_user_routers_name", "char_length(name) BETWEEN 1 AND 100");
                    table.CheckConstraint("ck_user_routers_reachability", "reachability IN ('unknown', 'online', 'offline')");
                    table.CheckConstraint("ck_user_routers_router_id", "router_id ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$'");
                });

            // EF takes no inet into a key.
            migrationBuilder.Sql("ALTER TABLE routers.claim_refusals ADD CONSTRAINT pk_claim_refusals PRIMARY KEY (user_id, address);");

            migrationBuilder.CreateIndex(
                name: "ix_claim_refusals_last_refused_at",
                schema: "routers",
                table: "claim_refusals",
                column: "last_refused_at");

            migrationBuilder.CreateIndex(
                name: "ix_pending_resets_next_attempt_at",
                schema: "routers",
                table: "pending_resets",
                column: "next_attempt_at");

            migrationBuilder.CreateIndex(
                name: "ix_router_commands_router_id_kind_started_at_id",
                schema: "routers",
                table: "router_commands",
                columns: new[] { "router_id", "kind", "started_at", "id" },
                descending: new[] { false, false, true, true });

            migrationBuilder.CreateIndex(
                name: "ix_router_commands_router_id_started_at_id",
                schema: "routers",
                table: "router_commands",
                columns: new[] { "router_id", "started_at", "id" },
                descending: new[] { false, true, true });

            migrationBuilder.CreateIndex(
                name: "ix_router_commands_started_at",
                schema: "routers",
                table: "router_commands",
                column: "started_at")
                .Annotation("Npgsql:IndexMethod", "brin");

            migrationBuilder.CreateIndex(
                name: "ix_user_routers_router_id",
                schema: "routers",
                table: "user_routers",
                column: "router_id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_user_routers_user_id_created_at_id",
                schema: "routers",
                table: "user_routers",
                columns: new[] { "user_id", "created_at", "id" },
                descending: new[] { false, true, true });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "claim_refusals",
                schema: "routers");

            migrationBuilder.DropTable(
                name: "pending_resets",
                schema: "routers");

            migrationBuilder.DropTable(
                name: "router_commands",
                schema: "routers");

            migrationBuilder.DropTable(
                name: "router_turn_waiters",
                schema: "routers");

            migrationBuilder.DropTable(
                name: "router_turns",
                schema: "routers");

            migrationBuilder.DropTable(
                name: "user_router_counts",
                schema: "routers");

            migrationBuilder.DropTable(
                name: "user_routers",
                schema: "routers");
        }
    }
}
