#!/bin/sh
# The image of PostgreSQL runs this when its volume is empty.
set -eu
exec psql --username "${POSTGRES_USER:-postgres}" \
  -v owner_password="$NETPILOT_OWNER_PASSWORD" -v server_password="$NETPILOT_SERVER_PASSWORD" -f "${1:-/roles.sql}"
