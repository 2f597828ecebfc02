using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.People.Data.Migrations
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "people");

            migrationBuilder.CreateTable(
                name: "people",
                schema: "people",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    router_id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    name_key = table.Column<string>(type: "text", nullable: false),
                    color = table.Column<string>(type: "text", nullable: true),
                    paused_since = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    paused_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    allowed_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    next_change_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_people", x => x.id);
                    table.CheckConstraint("ck_people_color", "color ~ '^#[0-9A-Fa-f]{6}$'");
                    table.CheckConstraint("ck_people_name", "char_length(name) BETWEEN 1 AND 50");
                    table.CheckConstraint("ck_people_pause", "paused_until IS NULL OR paused_since IS NOT NULL");
                });

            migrationBuilder.CreateTable(
                name: "routers",
                schema: "people",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    router_id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    revision = table.Column<long>(type: "bigint", nullable: false),
                    next_change_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    has_orphans = table.Column<bool>(type: "boolean", nullable: false),
                    lease_id = table.Column<Guid>(type: "uuid", nullable: true),
                    leased_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_routers", x => new { x.user_id, x.router_id });
                });

            migrationBuilder.CreateTable(
                name: "person_devices",
                schema: "people",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    router_id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    device_id = table.Column<Guid>(type: "uuid", nullable: false),
                    person_id = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_person_devices", x => new { x.user_id, x.router_id, x.device_id });
                    table.ForeignKey(
                        name: "fk_person_devices_people_person_id",
                        column: x => x.person_id,
                        principalSchema: "people",
                        principalTable: "people",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "schedules",
                schema: "people",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    router_id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    person_id = table.Column<Guid>(type: "uuid", nullable: true),
                    device_id = table.Column<Guid>(type: "uuid", nullable: true),
                    enabled = table.Column<bool>(type: "boolean", nullable: false),
                    windows = table.Column<string>(type: "jsonb", nullable: false),
                    exceptions = table.Column<string>(type: "jsonb", nullable: false),
                    in_force_since = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    next_change_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_schedules", x => x.id);
                    table.CheckConstraint("ck_schedules_name", "char_length(name) BETWEEN 1 AND 50");
                    table.CheckConstraint("ck_schedules_target", "(person_id IS NULL) <> (device_id IS NULL)");
                    table.ForeignKey(
                        name: "fk_schedules_people_person_id",
                        column: x => x.person_id,
                        principalSchema: "people",
                        principalTable: "people",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_people_user_id_router_id_created_at_id",
                schema: "people",
                table: "people",
                columns: new[] { "user_id", "router_id", "created_at", "id" },
                descending: new[] { false, false, true, true });

            migrationBuilder.CreateIndex(
                name: "ix_people_user_id_router_id_name_key",
                schema: "people",
                table: "people",
                columns: new[] { "user_id", "router_id", "name_key" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_person_devices_person_id",
                schema: "people",
                table: "person_devices",
                column: "person_id");

            migrationBuilder.CreateIndex(
                name: "ix_routers_next_change_at",
                schema: "people",
                table: "routers",
                column: "next_change_at",
                filter: "next_change_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_schedules_person_id",
                schema: "people",
                table: "schedules",
                column: "person_id");

            migrationBuilder.CreateIndex(
                name: "ix_schedules_user_id_router_id_created_at_id",
                schema: "people",
                table: "schedules",
                columns: new[] { "user_id", "router_id", "created_at", "id" },
                descending: new[] { false, false, true, true });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "person_devices",
                schema: "people");

            migrationBuilder.DropTable(
                name: "routers",
                schema: "people");

            migrationBuilder.DropTable(
                name: "schedules",
                schema: "people");

            migrationBuilder.DropTable(
                name: "people",
                schema: "people");
        }
    }
}
