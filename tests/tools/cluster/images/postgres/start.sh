#!/bin/sh
# Makes the database at the first start and then runs the server, as any user and with a read-only root file system:
# only $PGDATA and /tmp are written.
#   POSTGRES_PASSWORD  the password of the user (needed at the first start)
#   POSTGRES_USER      postgres
#   POSTGRES_DB        a database to create; none
#   TLS_FOLDER         holds tls.crt and tls.key; without it a certificate is made that nobody can verify
set -eu
user=${POSTGRES_USER:-postgres}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo "POSTGRES_PASSWORD is not set: the database cannot be made without a password for $user" >&2
        exit 1
    fi
    mkdir -p "$PGDATA"
    chmod 0700 "$PGDATA"
    printf '%s' "$POSTGRES_PASSWORD" >/tmp/password
    initdb --username="$user" --pwfile=/tmp/password --encoding=UTF8 --locale=C.UTF-8 \
        --auth-host=scram-sha-256 --auth-local=scram-sha-256 --no-sync
    rm /tmp/password
    printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
    if [ -n "${POSTGRES_DB:-}" ]; then
        echo "CREATE DATABASE \"$POSTGRES_DB\"" | postgres --single -D "$PGDATA" postgres >/dev/null
    fi
fi

# The server refuses a key that others may read, and a mounted one belongs to root: so it reads a copy.
umask 077
if [ -n "${TLS_FOLDER:-}" ]; then
    cp "$TLS_FOLDER/tls.crt" "$TLS_FOLDER/tls.key" /tmp/
else
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=postgres" \
        -out /tmp/tls.crt -keyout /tmp/tls.key 2>/dev/null
fi

exec postgres -D "$PGDATA" -c jit=off -c listen_addresses='*' -c unix_socket_directories=/tmp \
    -c ssl=on -c ssl_cert_file=/tmp/tls.crt -c ssl_key_file=/tmp/tls.key "$@"
