using System;
using System.Net;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace NetPilot.Identity.Data.Migrations
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "identity");

            migrationBuilder.CreateTable(
                name: "account_deletions",
                schema: "identity",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    due_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_account_deletions", x => x.user_id);
                });

            migrationBuilder.CreateTable(
                name: "login_attempts",
                schema: "identity",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    account = table.Column<byte[]>(type: "bytea", nullable: false),
                    network = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_login_attempts", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "reset_mails",
                schema: "identity",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    email = table.Column<string>(type: "character varying(254)", maxLength: 254, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    due_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    attempts = table.Column<int>(type: "integer", nullable: false, defaultValue: 0)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_reset_mails", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "users",
                schema: "identity",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    email = table.Column<string>(type: "character varying(254)", maxLength: 254, nullable: false),
                    password_hash = table.Column<string>(type: "text", nullable: false),
                    password_version = table.Column<int>(type: "integer", nullable: false, defaultValue: 0),
                    full_name = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: true),
                    tier = table.Column<string>(type: "text", nullable: false),
                    role = table.Column<string>(type: "text", nullable: false),
                    disabled_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    deleted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    last_login_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_users", x => x.id);
                    table.CheckConstraint("ck_users_role", "role IN ('user', 'admin')");
                    table.CheckConstraint("ck_users_tier", "tier IN ('free', 'pro')");
                });

            migrationBuilder.CreateTable(
                name: "known_networks",
                schema: "identity",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    network = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: false),
                    last_login_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_known_networks", x => new { x.user_id, x.network });
                    table.ForeignKey(
                        name: "fk_known_networks_users_user_id",
                        column: x => x.user_id,
                        principalSchema: "identity",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "password_resets",
                schema: "identity",
                columns: table => new
                {
                    token_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_password_resets", x => x.token_hash);
                    table.ForeignKey(
                        name: "fk_password_resets_users_user_id",
                        column: x => x.user_id,
                        principalSchema: "identity",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "sessions",
                schema: "identity",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    commands_session_id = table.Column<Guid>(type: "uuid", nullable: false),
                    commands_state = table.Column<string>(type: "text", nullable: false),
                    commands_router_id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: true),
                    start_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    end_due_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    end_attempts = table.Column<int>(type: "integer", nullable: false, defaultValue: 0),
                    user_id = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    last_used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    end_reason = table.Column<string>(type: "text", nullable: true),
                    user_agent = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true),
                    ip_address = table.Column<IPAddress>(type: "inet", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_sessions", x => x.id);
                    table.CheckConstraint("ck_sessions_commands_state", "commands_state IN ('none', 'starting', 'ready', 'unavailable', 'ending', 'ended')");
                    table.CheckConstraint("ck_sessions_end_due", "(end_due_at IS NOT NULL) = (commands_state = 'ending')");
                    table.CheckConstraint("ck_sessions_end_reason", "end_reason IN ('logout', 'revoked', 'expired', 'password_changed', 'disabled', 'deleted', 'token_reuse', 'too_many')");
                    table.CheckConstraint("ck_sessions_ended", "ended_at IS NOT NULL OR end_reason IS NULL");
                    table.CheckConstraint("ck_sessions_ended_state", "ended_at IS NOT NULL OR commands_state NOT IN ('ending', 'ended')");
                    table.ForeignKey(
                        name: "fk_sessions_users_user_id",
                        column: x => x.user_id,
                        principalSchema: "identity",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                });

            migrationBuilder.CreateTable(
                name: "refresh_tokens",
                schema: "identity",
                columns: table => new
                {
                    token_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    session_id = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    replaced_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    sealed_successor = table.Column<byte[]>(type: "bytea", nullable: true),
                    predecessor_hash = table.Column<byte[]>(type: "bytea", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_refresh_tokens", x => x.token_hash);
                    table.ForeignKey(
                        name: "fk_refresh_tokens_sessions_session_id",
                        column: x => x.session_id,
                        principalSchema: "identity",
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_account_deletions_due_at",
                schema: "identity",
                table: "account_deletions",
                column: "due_at");

            migrationBuilder.CreateIndex(
                name: "ix_known_networks_last_login_at",
                schema: "identity",
                table: "known_networks",
                column: "last_login_at");

            migrationBuilder.CreateIndex(
                name: "ix_login_attempts_account_at",
                schema: "identity",
                table: "login_attempts",
                columns: new[] { "account", "at" });

            migrationBuilder.CreateIndex(
                name: "ix_login_attempts_at",
                schema: "identity",
                table: "login_attempts",
                column: "at");

            migrationBuilder.CreateIndex(
                name: "ix_login_attempts_network_at",
                schema: "identity",
                table: "login_attempts",
                columns: new[] { "network", "at" });

            migrationBuilder.CreateIndex(
                name: "ix_password_resets_expires_at",
                schema: "identity",
                table: "password_resets",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_password_resets_user_id",
                schema: "identity",
                table: "password_resets",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ix_refresh_tokens_session_id",
                schema: "identity",
                table: "refresh_tokens",
                column: "session_id");

            migrationBuilder.CreateIndex(
                name: "ix_reset_mails_created_at",
                schema: "identity",
                table: "reset_mails",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "ix_reset_mails_due_at",
                schema: "identity",
                table: "reset_mails",
                column: "due_at",
                filter: "due_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_reset_mails_email_created_at",
                schema: "identity",
                table: "reset_mails",
                columns: new[] { "email", "created_at" });

            migrationBuilder.CreateIndex(
                name: "ix_sessions_commands_session_id",
                schema: "identity",
                table: "sessions",
                column: "commands_session_id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_sessions_end_due_at",
                schema: "identity",
                table: "sessions",
                column: "end_due_at",
                filter: "commands_state = 'ending'");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_ended_at",
                schema: "identity",
                table: "sessions",
                column: "ended_at",
                filter: "ended_at IS NOT NULL AND commands_state <> 'ending'");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_expires_at",
                schema: "identity",
                table: "sessions",
                column: "expires_at",
                filter: "ended_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_start_until",
                schema: "identity",
                table: "sessions",
                column: "start_until",
                filter: "commands_state = 'starting'");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_user_id_created_at_id",
                schema: "identity",
                table: "sessions",
                columns: new[] { "user_id", "created_at", "id" },
                descending: new[] { false, true, true });

            migrationBuilder.CreateIndex(
                name: "ix_users_created_at_id",
                schema: "identity",
                table: "users",
                columns: new[] { "created_at", "id" },
                descending: new bool[0]);

            // What EF's model cannot say: indexes over expressions.
            migrationBuilder.Sql("CREATE UNIQUE INDEX ix_users_email ON identity.users (lower(email));");
            migrationBuilder.Sql("CREATE INDEX ix_users_email_prefix ON identity.users (lower(email) text_pattern_ops);");
            migrationBuilder.Sql("CREATE UNIQUE INDEX ix_sessions_maintenance ON identity.sessions ((true)) WHERE user_id IS NULL AND ended_at IS NULL;");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "account_deletions",
                schema: "identity");

            migrationBuilder.DropTable(
                name: "known_networks",
                schema: "identity");

            migrationBuilder.DropTable(
                name: "login_attempts",
                schema: "identity");

            migrationBuilder.DropTable(
                name: "password_resets",
                schema: "identity");

            migrationBuilder.DropTable(
                name: "refresh_tokens",
                schema: "identity");

            migrationBuilder.DropTable(
                name: "reset_mails",
                schema: "identity");

            migrationBuilder.DropTable(
                name: "sessions",
                schema: "identity");

            migrationBuilder.DropTable(
                name: "users",
                schema: "identity");
        }
    }
}
