#!/usr/bin/env bash
# For archive_command: a segment of the write-ahead log into FOLDER, whole or not at all, never over another one.
#   archive_mode = on
#   archive_timeout = 5min
#   archive_command = '/opt/kmip/scripts/backup/archive-wal.sh %p %f /backup/database/wal'
set -euo pipefail
umask 077

segment=${1:?usage: archive-wal.sh PATH NAME FOLDER}
name=${2:?}
folder=${3:?}
mkdir -p "$folder"
if [ -e "$folder/$name" ]; then
  # PostgreSQL asks again when it was ended before it heard of the first time.
  cmp -s "$segment" "$folder/$name"
  exit
fi
cp "$segment" "$folder/$name.new"
sync "$folder/$name.new"
mv -n "$folder/$name.new" "$folder/$name"
sync "$folder"
