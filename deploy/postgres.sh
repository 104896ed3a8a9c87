#!/bin/sh
# Starts PostgreSQL in a container, and before the first start makes a role and databases: the platform needs its own.
#
# POSTGRES_PASSWORD is the password of the role `vsf`, which owns all of them. What exists is kept, whatever is set.
set -eu

data=${PGDATA:-/var/lib/postgresql/data}
programs=$(dirname "$(ls /usr/lib/postgresql/*/bin/postgres)")

if [ ! -e "$data" ]; then
    [ -n "${POSTGRES_PASSWORD:-}" ] || { echo "postgres.sh: POSTGRES_PASSWORD is not set" >&2; exit 2; }
    # Made beside it, so that a start that is cut off leaves nothing that looks whole.
    rm -rf "$data.new"
    (umask 077 && printf '%s\n' "$POSTGRES_PASSWORD" > "$data.password")
    "$programs/initdb" --pgdata "$data.new" --username vsf --pwfile "$data.password" --encoding UTF8 --locale C \
        --auth-local trust --auth-host scram-sha-256
    rm "$data.password"
    echo "host all all all scram-sha-256" >> "$data.new/pg_hba.conf"
    # The lake with Dagster's records of `vsf serve`; the portal; Dagster's records of its chart for Kubernetes.
    for database in vsf vsf_portal vsf_dagster; do
        echo "create database $database" | "$programs/postgres" --single -D "$data.new" -j postgres
    done
    mv "$data.new" "$data"
fi
# DuckLake reads English messages. Each worker keeps a few sessions.
exec "$programs/postgres" -D "$data" -c "listen_addresses=${POSTGRES_ADDRESSES:-*}" -c lc_messages=C -c max_connections=200 "$@"
