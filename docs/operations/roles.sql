-- The roles and the database of NetPilot. Run once, as a superuser of PostgreSQL 15 or newer:
--   psql -v owner_password=... -v server_password=... -f roles.sql
\set ON_ERROR_STOP on

-- Owns the schemas and applies migrations: ConnectionStrings:NetPilotMigrations.
CREATE ROLE netpilot_owner LOGIN PASSWORD :'owner_password';
-- Reads and writes rows, and changes no schema: ConnectionStrings:NetPilot. Its rights on tables are granted by whoever applies the migrations.
CREATE ROLE netpilot_server LOGIN PASSWORD :'server_password';

-- E-mail addresses are compared without regard to case, which some locales (tr, az) do otherwise.
CREATE DATABASE netpilot OWNER netpilot_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE netpilot FROM PUBLIC;
GRANT CONNECT ON DATABASE netpilot TO netpilot_server;
