using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace NetPilot.Identity.Data.Migrations
{
    /// <inheritdoc />
    public partial class LastAdmin : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Checked when a transaction commits, so that one admin may hand over to another within it, and one transaction after the other:
            // the look takes place behind the lock, and sees what the one before has committed. A transaction whose snapshot is older than
            // that (REPEATABLE READ) locks the row that it relies on, which fails if somebody changed it since, and passes one by that
            // somebody is changing.
            migrationBuilder.Sql(
                """
                CREATE FUNCTION identity.keep_last_admin() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
                BEGIN
                    PERFORM pg_advisory_xact_lock(1718577, 0);
                    IF current_setting('transaction_isolation') = 'read committed' THEN
                        PERFORM FROM identity.users
                        WHERE role = 'admin' AND disabled_at IS NULL AND deleted_at IS NULL LIMIT 1;
                    ELSE
                        PERFORM FROM identity.users
                        WHERE role = 'admin' AND disabled_at IS NULL AND deleted_at IS NULL LIMIT 1 FOR SHARE SKIP LOCKED;
                    END IF;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'The last admin who can log in stays one: make another user an admin first.'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'last_admin', SCHEMA = 'identity', TABLE = 'users';
                    END IF;
                    RETURN NULL;
                END
                $$;

                CREATE CONSTRAINT TRIGGER last_admin_changed AFTER UPDATE ON identity.users
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                WHEN (
                    OLD.role = 'admin' AND OLD.disabled_at IS NULL AND OLD.deleted_at IS NULL
                    AND (NEW.role <> 'admin' OR NEW.disabled_at IS NOT NULL OR NEW.deleted_at IS NOT NULL)
                )
                EXECUTE FUNCTION identity.keep_last_admin();

                CREATE CONSTRAINT TRIGGER last_admin_removed AFTER DELETE ON identity.users
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                WHEN (OLD.role = 'admin' AND OLD.disabled_at IS NULL AND OLD.deleted_at IS NULL)
                EXECUTE FUNCTION identity.keep_last_admin();
                """
            );
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(
                """
                DROP TRIGGER last_admin_changed ON identity.users;
                DROP TRIGGER last_admin_removed ON identity.users;
                DROP FUNCTION identity.keep_last_admin();
                """
            );
        }
    }
}
