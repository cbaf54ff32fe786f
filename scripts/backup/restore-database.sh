#!/usr/bin/env bash
# Makes a data directory of a base backup and the archived write-ahead log; PostgreSQL replays it when it is started there.
#   restore-database.sh BACKUP_FOLDER DATA_DIRECTORY [TIME]
# TIME, such as '2026-11-30 12:00:00+00', stops there; without it everything that was archived is replayed.
# Afterwards: docs/operations.md, "Backup and restore". The restore is noticed, and destructions wait.
set -euo pipefail
umask 077

folder=$(realpath "${1:?usage: restore-database.sh BACKUP_FOLDER DATA_DIRECTORY [TIME]}")
data=${2:?}
until=${3:-}
[ ! -e "$data" ] || { echo "$data is there already: nothing was restored" >&2; exit 1; }
# The newest that is not newer than the time.
base=
for each in "$folder"/base/*Z; do
  at=$(basename "$each" | sed -E 's/^(....)(..)(..)T(..)(..)(..)Z$/\1-\2-\3 \4:\5:\6+00/')
  if [ -z "$until" ] || [ "$(date -d "$at" +%s)" -le "$(date -d "$until" +%s)" ]; then base=$each; fi
done
[ -d "$base" ] || { echo "no base backup in $folder/base of before ${until:-now}" >&2; exit 1; }

pg_verifybackup --quiet "$base"
trap 'rm -rf "$data.new"' EXIT
cp -a "$base" "$data.new"
chmod 700 "$data.new"
{
  echo "restore_command = 'cp \"$folder/wal/%f\" \"%p\"'"
  echo "recovery_target_action = 'promote'"
  [ -z "$until" ] || echo "recovery_target_time = '$until'"
  # What is restored has no archive of its own until somebody gives it one: it must not write into the old one.
  echo "archive_mode = off"
} >>"$data.new/postgresql.auto.conf"
touch "$data.new/recovery.signal"
mv "$data.new" "$data"
echo "$base"
