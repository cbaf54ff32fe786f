#!/usr/bin/env bash
# A base backup of the database into a folder of today, checked, and old ones taken away.
#   backup-database.sh FOLDER [DAYS_TO_KEEP=14]
# Connects as libpq's variables say (PGHOST, PGUSER with REPLICATION, PGPASSFILE, ...). FOLDER is for the database alone:
# service keys and TLS folder go elsewhere (backup-keys.sh), so that who finds one of the two has nothing.
set -euo pipefail
umask 077

folder=${1:?usage: backup-database.sh FOLDER [DAYS_TO_KEEP]}
days=${2:-14}
for other in "$folder"/*.keys.tar*; do
  [ ! -e "$other" ] || { echo "$other: keys and database are never backed up together" >&2; exit 1; }
done
# Not before: keys are backed up into no folder that has one of these.
mkdir -p "$folder/base"

name=$(date -u +%Y%m%dT%H%M%SZ)
trap 'rm -rf "$folder/base/$name.new"' EXIT
pg_basebackup --pgdata "$folder/base/$name.new" --wal-method=stream --checkpoint=fast --manifest-checksums=SHA256 --no-password
pg_verifybackup --quiet "$folder/base/$name.new"
mv "$folder/base/$name.new" "$folder/base/$name"
# Never the newest one, however old it is.
find "$folder/base" -mindepth 1 -maxdepth 1 -type d -mtime "+$days" ! -name "$name" -exec rm -rf {} +
echo "$folder/base/$name"
