#!/usr/bin/env bash
# The servers that tests start: PostgreSQL and Chromium, from Debian's packages. Tests that need one
# say that they were skipped where it cannot be installed.
set -u
missing=()
command -v chromium >/dev/null || missing+=(chromium)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed, so their tests are skipped: ${missing[*]} (as root: apt-get install ${missing[*]})"
  exit 0
fi
echo "Installing ${missing[*]} for the tests (once) ..."
export DEBIAN_FRONTEND=noninteractive
# The package would start a server of its own on install; the tests start theirs.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
apt-get -qq update >/dev/null && apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null ||
  echo "Could not install ${missing[*]}; their tests are skipped"
exit 0
