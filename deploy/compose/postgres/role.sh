#!/bin/bash
# Runs once, when the database is made: the gateways' own role, which owns its database and nothing else.
set -euo pipefail
psql --username postgres --set ON_ERROR_STOP=1 --set password="$(cat /run/secrets/switchboard/database.password)" <<'SQL'
create role switchboard login password :'password';
create database switchboard owner switchboard;
revoke all on database switchboard from public;
SQL
