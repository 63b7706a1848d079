#!/usr/bin/env bash
# Stops what start.sh started, and leaves it installed.
set -uo pipefail
dir="${1:-/var/tmp/odoo-tests}"
[ -f "$dir/odoo.pid" ] && kill -- "-$(cat "$dir/odoo.pid")" 2>/dev/null && rm -f "$dir/odoo.pid"
pg_bin="$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)"
[ -d "$dir/postgres/data" ] && (cd / && runuser -u postgres -- "$pg_bin/pg_ctl" -D "$dir/postgres/data" -m fast stop >/dev/null)
mountpoint -q "$dir/debian/proc" && umount "$dir/debian/proc"
exit 0
