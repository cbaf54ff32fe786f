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
# As the other two refuse each other: keys beside segments, or in the folder that this one is the `wal` of.
places=("$folder")
[ "$(basename "$folder")" != wal ] || places+=("$(dirname "$folder")")
for place in "${places[@]}"; do
  for other in "$place"/*.keys.tar*; do
    [ ! -e "$other" ] || { echo "$other: keys and database are never backed up together" >&2; exit 1; }
  done
done
mkdir -p "$folder"
# PostgreSQL asks again when it was ended before it heard of the first time.
if [ ! -e "$folder/$name" ]; then
  # Of one that was killed. Another archiver of the same segment, an old leader's for one, has a file of its own.
  find "$folder" -maxdepth 1 -name ".$name.??????" -mmin +1440 -delete
  new=$(mktemp "$folder/.$name.XXXXXX")
  trap 'rm -f "$new"' EXIT
  cp "$segment" "$new"
  sync "$new"
  # A link is never made over a file that is there.
  ln "$new" "$folder/$name" 2>/dev/null || [ -e "$folder/$name" ] ||
    { echo "no link can be made in $folder: it needs a file system that has hard links" >&2; exit 1; }
fi
cmp -s "$segment" "$folder/$name"
# Also of one whose archiver did not live to do so.
sync "$folder"
