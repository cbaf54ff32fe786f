#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml mounts, in ./secrets or in the folder given: a service key, a database
# password with its URL, and a CA and certificate for PostgreSQL. What is there already stays as it is.
# Only the API key of the service is yours to bring: secrets/service-api-key.
set -euo pipefail

folder=${1:-secrets}
umask 077
mkdir -p "$folder"
cd "$folder"

# missing FILE: whether it has to be made.
missing() { [ ! -e "$1" ]; }

# keep FILE: takes standard input; a file appears whole or not at all.
keep() { cat >"$1.new" && mv -n "$1.new" "$1"; }

missing service-key && echo "v1:$(openssl rand -base64 32)" | keep service-key
missing postgres-password && openssl rand -hex 32 | keep postgres-password
missing database-url && echo "postgres://kmip:$(cat postgres-password)@postgres:5432/kmip?sslmode=verify-full&sslrootcert=/run/secrets/postgres-ca" | keep database-url

if missing postgres.crt; then
  work=$(mktemp -d ./new.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj '/CN=CA of the database' \
    -addext 'keyUsage=critical,keyCertSign,cRLSign' -keyout "$work/ca.key" -out "$work/ca.crt" 2>/dev/null
  openssl req -newkey rsa:3072 -nodes -subj '/CN=postgres' -keyout "$work/server.key" -out "$work/server.csr" 2>/dev/null
  printf 'subjectAltName=DNS:postgres\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n' >"$work/extensions"
  openssl x509 -req -in "$work/server.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -CAcreateserial -days 3650 \
    -extfile "$work/extensions" -out "$work/server.crt" 2>/dev/null
  # The CA has signed what it is for: its key goes with the folder. The certificate comes last: by it a cut run is noticed.
  mv "$work/ca.crt" postgres-ca.crt
  mv "$work/server.key" postgres.key
  mv "$work/server.crt" postgres.crt
  rm -rf "$work"
fi

chmod 400 ./*
# Users of the two images.
product=(service-key database-url postgres-ca.crt)
database=(postgres-password postgres.crt postgres.key)
if [ "$(id -u)" = 0 ]; then
  chown 10001:10001 "${product[@]}"
  chown 999:999 "${database[@]}"
else
  echo "Give the files to the users of the images:"
  echo "  cd $(printf '%q' "$PWD") && sudo chown 10001:10001 ${product[*]} && sudo chown 999:999 ${database[*]}"
fi
if missing service-api-key; then
  echo "Put the API key of the service's own service ID into $PWD/service-api-key, readable for user 10001 alone."
fi
