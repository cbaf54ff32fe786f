#!/usr/bin/env bash
# What lies outside of the database, encrypted for whoever holds the private key of a certificate: service keys, audit keys
# and the TLS folder of an endpoint. Neither the database nor the record of how far the region has come is in it: that one is
# never restored (docs/adr/0061).
#   backup-keys.sh FOLDER RECIPIENT_CERTIFICATE FILE_OR_FOLDER...
# Read again with: openssl cms -decrypt -binary -inform DER -in FILE -inkey KEY | tar -x
set -euo pipefail
umask 077

folder=${1:?usage: backup-keys.sh FOLDER RECIPIENT_CERTIFICATE FILE_OR_FOLDER...}
recipient=${2:?}
shift 2
[ $# -gt 0 ] || { echo 'nothing to back up' >&2; exit 2; }
mkdir -p "$folder"
# Segments of the log too: archive-wal.sh would archive none beside keys.
segment=$(find "$folder/" -maxdepth 1 -regextype posix-extended -regex '.*/[0-9A-F]{24}' -print -quit)
if [ -d "$folder/base" ] || [ -d "$folder/wal" ] || [ -n "$segment" ]; then
  echo "$folder has a backup of the database: keys and database are never backed up together" >&2
  exit 1
fi
for each in "$@"; do
  case $each in
    *.record | *.record/) echo "$each: the record is never restored, and so not backed up" >&2; exit 1 ;;
  esac
done

file="$folder/$(date -u +%Y%m%dT%H%M%SZ).keys.tar.cms"
trap 'rm -f "$file.new"' EXIT
tar --create --exclude='*.record' --absolute-names "$@" |
  openssl cms -encrypt -binary -aes-256-cbc -outform DER -out "$file.new" "$recipient"
mv -n "$file.new" "$file"
echo "$file"
