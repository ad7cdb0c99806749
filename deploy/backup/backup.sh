#!/bin/sh
# Dumps the database and restores the dump into a database that is dropped afterwards: a backup is kept only if that
# succeeds. Needs PostgreSQL's programs and a role that may create databases: docs/how-to/back-up-and-restore.md.
#   DATABASE_URL        what is backed up
#   BACKUP_DIR          where to; dumps that are older than BACKUP_KEEP_DAYS (14) are deleted
#   BACKUP_RESTORE_URL  a database of the server that restores; by default the one that is backed up
#   CONVEYOR_HOME       a built shop (deploy/docker/build.sh) that compares the migrations; none by default
set -eu
umask 077

restored=conveyor_restored_$(date -u +%s)_$$
dump=$BACKUP_DIR/conveyor-$(date -u +%Y%m%dT%H%M%SZ).dump
partial=$dump.partial
server=${BACKUP_RESTORE_URL:-$DATABASE_URL}
address=${server%%\?*}
case $server in
*\?*) options="?${server#*\?}" ;;
*) options="" ;;
esac
restored_url=${address%/*}/$restored$options

sql() { # URL STATEMENT
    psql -qAtX -v ON_ERROR_STOP=1 "$1" -c "$2"
}

clean_up() {
    sql "$server" "DROP DATABASE IF EXISTS $restored WITH (FORCE)" 2>/dev/null ||
        echo "The database $restored may be left on the server; drop it." >&2
    rm -f "$partial"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

pg_dump --format=custom --file="$partial" "$DATABASE_URL"
sql "$server" "CREATE DATABASE $restored"
pg_restore --exit-on-error --no-owner --no-privileges --dbname="$restored_url" "$partial"
orders=$(sql "$restored_url" "SELECT count(*) FROM orders_order")
unfinished=$(sql "$restored_url" "SELECT count(*) FROM messaging_message WHERE state IN ('pending', 'sent', 'dead')")
if [ -n "${CONVEYOR_HOME:-}" ]; then
    (cd "$CONVEYOR_HOME/app" && DATABASE_URL=$restored_url "$CONVEYOR_HOME/venv/bin/python" manage.py migrate --check)
fi
mv "$partial" "$dump"
find "$BACKUP_DIR" -name 'conveyor-*.dump.partial' -mtime +0 -exec rm {} + # of jobs that were killed
find "$BACKUP_DIR" -name 'conveyor-*.dump' -mtime "+${BACKUP_KEEP_DAYS:-14}" -exec rm {} +
echo "$dump: restored; orders: $orders, unfinished messages: $unfinished"
