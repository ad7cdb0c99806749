#!/bin/sh
# Dumps the database and restores the dump into a database that is dropped afterwards: a backup is kept only if that
# succeeds. Needs PostgreSQL's programs and a role that may create databases: docs/how-to/back-up-and-restore.md.
#   DATABASE_URL        what is backed up
#   BACKUP_DIR          where to; dumps that are older than BACKUP_KEEP_DAYS (14) are deleted
#   BACKUP_RESTORE_URL  a database of the server that restores; by default the one that is backed up
#   MEDIA_ROOT          folder of uploaded pictures, kept as a tar file beside the dump; none by default
#   CONVEYOR_HOME       a built shop (deploy/docker/build.sh) that compares the migrations; none by default
set -eu
umask 077

# Two jobs may start in the same second, and in containers they have the same process ID.
own=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
restored=conveyor_restored_$(date -u +%s)_$$_$own
dump=$BACKUP_DIR/conveyor-$(date -u +%Y%m%dT%H%M%SZ).dump
partial=$dump.$own.partial
media=${dump%.dump}.media.tar
partial_media=$media.$own.partial
server=${BACKUP_RESTORE_URL:-$DATABASE_URL}
address=${server%%\?*}
case $server in
*\?*) options="?${server#*\?}" ;;
*) options="" ;;
esac
restored_url=${address%/*}/$restored$options

password_of() { # URL
    login=${1#*://}
    login=${login%%[/?]*}
    case $login in
    *:*@*) login=${login%@*} ;;
    *) return ;;
    esac
    printf '%s' "${login#*:}" | LC_ALL=C awk '{
        while (at = match($0, /%[0-9A-Fa-f][0-9A-Fa-f]/)) {
            digits = tolower(substr($0, at + 1, 2))
            code = 16 * (index("0123456789abcdef", substr(digits, 1, 1)) - 1)
            code += index("0123456789abcdef", substr(digits, 2, 1)) - 1
            printf "%s%c", substr($0, 1, at - 1), code
            $0 = substr($0, at + 3)
        }
        printf "%s", $0
    }'
}

at() { # URL PROGRAM ARGUMENTS...: everybody on the host can read a process's arguments, so the password is not among them
    url=$1
    password=$(password_of "$url")
    shift
    if [ -n "$password" ]; then
        rest=${url#*://}
        login=${rest%%[/?]*}
        user=${login%%:*}
        PGPASSWORD=$password "$@" --dbname="${url%%://*}://$user@${login##*@}${rest#"$login"}"
    else
        "$@" --dbname="$url"
    fi
}

sql() { # URL STATEMENT
    at "$1" psql -qAtX -v ON_ERROR_STOP=1 -c "$2"
}

clean_up() {
    sql "$server" "DROP DATABASE IF EXISTS $restored WITH (FORCE)" 2>/dev/null ||
        echo "The database $restored may be left on the server; drop it." >&2
    rm -f "$partial" "$partial_media"
}
case $DATABASE_URL in
postgres://* | postgresql://*) ;;
*)
    echo "DATABASE_URL must begin with postgres://. A backup of SQLite is a copy of its file: stop the shop, and copy it." >&2
    exit 1
    ;;
esac
case "$DATABASE_URL $server" in
*[?\&]password=*)
    echo "A password in a URL's options would be seen by everybody on this host. Write it as //USER:PASSWORD@HOST." >&2
    exit 1
    ;;
esac
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

at "$DATABASE_URL" pg_dump --format=custom --file="$partial"
# Right after the dump: a picture that it knows is kept for an hour after it was replaced.
if [ -d "${MEDIA_ROOT:-}" ]; then
    tar -cf "$partial_media" -C "$MEDIA_ROOT" . || [ $? -eq 1 ] # 1: a picture was added or deleted meanwhile
    tar -tf "$partial_media" >/dev/null
elif [ -n "${MEDIA_ROOT:-}" ]; then
    echo "No pictures are kept: there is no folder $MEDIA_ROOT." >&2 # as before the first upload
fi
name="datname ~ '^conveyor_restored_[0-9]{10}(_[0-9]+)+$'"
age="split_part(datname, '_', 3) < '$(($(date -u +%s) - 86400))'"
for left in $(sql "$server" "SELECT datname FROM pg_database WHERE $name AND $age"); do
    sql "$server" "DROP DATABASE IF EXISTS $left WITH (FORCE)" || echo "Drop the database $left of a killed job." >&2
done
sql "$server" "CREATE DATABASE $restored"
at "$restored_url" pg_restore --exit-on-error --no-owner --no-privileges "$partial"
orders=$(sql "$restored_url" "SELECT count(*) FROM orders_order")
unfinished=$(sql "$restored_url" "SELECT count(*) FROM messaging_message WHERE state IN ('pending', 'sent', 'dead')")
if [ -n "${CONVEYOR_HOME:-}" ]; then
    (cd "$CONVEYOR_HOME/app" && DATABASE_URL=$restored_url "$CONVEYOR_HOME/venv/bin/python" manage.py migrate --check)
fi
[ ! -e "$partial_media" ] || mv "$partial_media" "$media"
mv "$partial" "$dump"
find "$BACKUP_DIR" -name 'conveyor-*.partial' -mtime +0 -exec rm {} + # of jobs that were killed
find "$BACKUP_DIR" -name 'conveyor-*.dump' -mtime "+${BACKUP_KEEP_DAYS:-14}" -exec rm {} +
find "$BACKUP_DIR" -name 'conveyor-*.media.tar' -mtime "+${BACKUP_KEEP_DAYS:-14}" -exec rm {} +
echo "$dump: restored; orders: $orders, unfinished messages: $unfinished"
