#!/usr/bin/env bash
# Restores the newest backup into a folder that is thrown away, and tells what a restore and a rebuild would bring back and
# what would be lost (`kmip4v admin drill`). Neither the database in use nor any key manager is changed.
#   drill.sh BACKUP_FOLDER ENVIRONMENT_FILE [TIME]
# ENVIRONMENT_FILE has the settings of the operator's command line; database and record are replaced by copies. Needs the
# programs of the version of PostgreSQL that made the backup in PATH, and an account that is not root.
set -euo pipefail
umask 077

folder=${1:?usage: drill.sh BACKUP_FOLDER ENVIRONMENT_FILE [TIME]}
environment=${2:?}
until=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
cli=${KMIP_CLI:-$here/../../apps/kmip4v/bin/kmip4v.js}
copy=$(mktemp -d)
trap 'pg_ctl stop --silent --mode=immediate --pgdata "$copy/data" >/dev/null 2>&1 || true; rm -rf "$copy"' EXIT

"$here/restore-database.sh" "$folder" "$copy/data" ${until:+"$until"} >/dev/null
# Whoever may connect to the copy has come through this folder.
echo "local all all trust" >"$copy/pg_hba.conf"
pg_ctl start --silent --wait --timeout "${DRILL_TIMEOUT:-3600}" --pgdata "$copy/data" --log "$copy/log" --options \
  "-c listen_addresses='' -c unix_socket_directories='$copy' -c hba_file='$copy/pg_hba.conf' -c port=5432 \
   -c ssl=off -c fsync=off -c synchronous_standby_names='' -c shared_preload_libraries=''" ||
  { cat "$copy/log" >&2; exit 1; }

# As the file means it, with quotes and escapes; what the operator's shell has exported does not count.
database=$(env -u DATABASE_URL -u DATABASE_URL_FILE node --env-file="$environment" -e '
  const { DATABASE_URL, DATABASE_URL_FILE } = process.env;
  const text = DATABASE_URL || (DATABASE_URL_FILE ? require("node:fs").readFileSync(DATABASE_URL_FILE, "utf8") : "");
  const url = text.replace(/^\uFEFF/, "").trim().replace(/^(["\x27])(.*)\1$/, "$2");
  const name = url.startsWith("socket:") ? new URL(url).searchParams.get("db") : /^[^?]*\/([^/?]+)/.exec(url)?.[1];
  console.log(decodeURIComponent(name ?? ""));')
owner=$(psql --host "$copy" --no-psqlrc --tuples-only --no-align --dbname "${database:?no DATABASE_URL or DATABASE_URL_FILE in $environment}" \
  --username "${DRILL_SUPERUSER:-postgres}" --command 'SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()')
mkdir "$copy/record"
grep -vE '^[[:space:]]*(export[[:space:]]+)?(DATABASE_URL|DATABASE_URL_FILE|RESTORE_RECORD_FOLDER)[[:space:]]*=' "$environment" >"$copy/environment" || true
# Not by the file: what the operator's shell has exported would count, and that is the database in use.
DATABASE_URL="socket:$copy?db=$database&user=$owner" DATABASE_URL_FILE='' RESTORE_RECORD_FOLDER="$copy/record" \
  node --env-file="$copy/environment" "$cli" admin drill --output json
