#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml mounts, in ./secrets or in the folder given: a service key, a key that
# signs heads of audit trails, the database's logins (administrator, owner, gateways, APIs), and a CA and certificate for
# PostgreSQL. What is there already stays as it is. POSTGRES_HOST and POSTGRES_PORT name a database elsewhere.
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
missing audit-key && echo "key $(date -u +%Y-%m-%dT%H:%M:%SZ) $(openssl rand -base64 32)" | keep audit-key
# Empty until the web console has a client in IAM: then its secret.
missing console-client-secret && : | keep console-client-secret
missing postgres-password && openssl rand -hex 32 | keep postgres-password

host=${POSTGRES_HOST:-postgres}
# url USER PASSWORD: what a process connects with.
url() { echo "postgres://$1:$2@$host:${POSTGRES_PORT:-5432}/kmip?sslmode=verify-full&sslrootcert=/run/secrets/postgres-ca"; }
missing administrator-database-url && url kmip "$(cat postgres-password)" | keep administrator-database-url
# kmip_gateway and kmip_api are the roles that these logins are made members of.
for login in owner gateway api; do
  missing "$login-database-url" && url "kmip_${login}_login" "$(openssl rand -hex 32)" | keep "$login-database-url"
done

if missing postgres.crt; then
  work=$(mktemp -d ./new.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj '/CN=CA of the database' \
    -addext 'keyUsage=critical,keyCertSign,cRLSign' -keyout "$work/ca.key" -out "$work/ca.crt" 2>/dev/null
  openssl req -newkey rsa:3072 -nodes -subj "/CN=$host" -keyout "$work/server.key" -out "$work/server.csr" 2>/dev/null
  printf "subjectAltName=DNS:$host\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n" >"$work/extensions"
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
product=(service-key audit-key console-client-secret {administrator,owner,gateway,api}-database-url postgres-ca.crt)
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
