#!/usr/bin/env bash
# Starts an unmodified Odoo 14 Community (contacts, CRM) for the tests, on loopback alone, or does nothing where it runs.
#
#   test/support/odoo/start.sh [DIRECTORY]        as root, on Debian 12 or newer
#   test/support/odoo/stop.sh  [DIRECTORY]
#
# Everything comes from Debian: Odoo 14 was part of Debian 11, so it lives in a small Debian 11 of its own below
# DIRECTORY (from the mirror that this machine's apt uses), with a Postgres of this machine beside it. About three
# minutes and 1.8 GB the first time, three seconds later. Database crm14, user admin, password admin.
# fsync is off: this is for tests of a protocol, and keeps nothing that anybody needs.
set -euo pipefail
dir="${1:-/var/tmp/odoo-tests}"
http_port="${ODOO_PORT:-8079}"
pg_port="${ODOO_POSTGRES_PORT:-55433}"
database=crm14
root="$dir/debian"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

say() { echo "odoo: $*" >&2; }
give_up() { say "$*"; exit 1; }
answers() { curl -sf -m 2 -o /dev/null -H 'content-type: application/json' -d '{}' "http://127.0.0.1:$http_port/web/webclient/version_info"; }

if command -v curl >/dev/null && answers; then
  say "answers already at http://127.0.0.1:$http_port"
  exit 0
fi
[ "$(id -u)" -eq 0 ] || give_up "not started: a Debian in a folder can be made by root only"
[ -f /etc/debian_version ] || give_up "not started: this machine is no Debian"

# The mirror of this machine, in either form that apt keeps it; security and backports have other roots.
mirror="$(
  {
    awk '/^URIs:/ { print $2 }' /etc/apt/sources.list.d/*.sources 2>/dev/null || true
    awk '/^deb / { for (i = 2; i <= NF; i++) if ($i ~ /^(https?|file):/) print $i }' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true
  } | grep -v security | head -n 1 || true
)"
[ -n "$mirror" ] || give_up "not started: no mirror stands in the sources of apt"

apt-get update -qq
apt-get install -y -qq --no-install-recommends debootstrap postgresql curl iproute2 >/dev/null
pg_bin="$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)"
mkdir -p "$dir"

if [ ! -e "$root/usr/bin/odoo" ]; then
  say "installing Debian 11 and Odoo 14 below $dir (the first time only)"
  [ -e "$root/etc/debian_version" ] || debootstrap --variant=minbase bullseye "$root" "$mirror" >"$dir/debootstrap.log" 2>&1 ||
    give_up "debootstrap failed, see $dir/debootstrap.log"
  # No service starts by itself in there.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  { chroot "$root" apt-get update -qq && chroot "$root" apt-get install -y -qq --no-install-recommends odoo-14 python3-phonenumbers; } \
    >"$dir/install.log" 2>&1 || give_up "Odoo could not be installed, see $dir/install.log"
fi
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc" || give_up "/proc cannot be mounted here (a container without the right to?)"

as_postgres() { (cd /; runuser -u postgres -- "$@"); }
install -d -o postgres "$dir/postgres"
[ -f "$dir/postgres/data/PG_VERSION" ] ||
  as_postgres "$pg_bin/initdb" -D "$dir/postgres/data" -A trust -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log"
as_postgres "$pg_bin/pg_ctl" -D "$dir/postgres/data" status >/dev/null ||
  as_postgres "$pg_bin/pg_ctl" -D "$dir/postgres/data" -w -l "$dir/postgres/log" start \
    -o "-p $pg_port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir/postgres -c fsync=off" >/dev/null
sql() { psql -qAt -h 127.0.0.1 -p "$pg_port" -U postgres -c "$1"; }
[ -n "$(sql "select 1 from pg_roles where rolname = 'odoo'")" ] || sql "create role odoo login createdb password 'odoo'"

cat >"$root/etc/odoo/tests.conf" <<CONF
[options]
db_host = 127.0.0.1
db_port = $pg_port
db_user = odoo
db_password = odoo
http_interface = 127.0.0.1
http_port = $http_port
workers = 0
max_cron_threads = 0
data_dir = /var/lib/odoo
without_demo = all
smtp_server = 127.0.0.1
smtp_port = 1
CONF
odoo=(chroot "--userspec=odoo:odoo" "$root" env HOME=/var/lib/odoo /usr/bin/odoo -c /etc/odoo/tests.conf)
if [ -z "$(sql "select 1 from pg_database where datname = '$database'")" ]; then
  say "making the database $database"
  # Under another name until it is whole: whoever stops this script half-way leaves nothing that looks like a database.
  sql "drop database if exists ${database}_unfinished"
  "${odoo[@]}" -d "${database}_unfinished" -i base,contacts,crm --stop-after-init >"$dir/init.log" 2>&1 ||
    give_up "the database could not be made, see $dir/init.log"
  sql "alter database ${database}_unfinished rename to $database"
  # Its files are kept by the name of the database.
  store="$root/var/lib/odoo/filestore"
  rm -rf "${store:?}/$database"
  [ ! -d "$store/${database}_unfinished" ] || mv "$store/${database}_unfinished" "$store/$database"
fi
setsid "${odoo[@]}" -d "$database" --db-filter="^$database\$" >"$dir/odoo.log" 2>&1 </dev/null &
echo $! >"$dir/odoo.pid"
for _ in $(seq 240); do
  if answers; then
    say "answers at http://127.0.0.1:$http_port"
    exit 0
  fi
  sleep 0.25
done
give_up "does not answer within a minute, see $dir/odoo.log"
