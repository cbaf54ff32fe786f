#!/usr/bin/env bash
# Debian packages that some suites use; the product itself needs none of them.
#   python3-pykmip   the third-party KMIP client of the interop suite, and the server we are measured against
#   python3-pyvmomi  VMware's own types, for a second opinion on those of the stand-in vCenter
#   docker-compose   checks docker-compose.yml (no engine needed)
#   openssl          plays hostile and old TLS peers, makes keys and reads archives
#   python3-cryptography  reads archives, for a third opinion
#   shellcheck, jq   read and run the scripts of examples/govc
#   zsh, fish        complete the words of kmip4v
#   chromium         opens the pages that the product serves
#   fonts-wqy-microhei  draws Chinese in pictures of them
# With the argument "nightly", for npm run test:nightly:
#   patroni, etcd-server, haproxy, pgbouncer, postgresql-15  a database with a standby, as operators run it
# Run as root: sudo scripts/setup-debian.sh [nightly]
set -euo pipefail

packages=(python3-pykmip python3-pyvmomi docker-compose openssl python3-cryptography shellcheck jq zsh fish chromium fonts-wqy-microhei)
[ "${1:-}" != nightly ] || packages+=(patroni etcd-server haproxy pgbouncer postgresql-15)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
