#!/bin/sh
# Runs a command with the project's own dependencies and its own Node, installing first what is missing or stale.
# Plain sh, because it must work where the only Node is too old for everything else in the house.
set -eu
cd "$(dirname "$0")/.."

stamp=node_modules/.pristine-lock
wanted=$(cksum <package-lock.json)
if [ ! -x node_modules/.bin/node ] || [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
  echo "pristine: installing dependencies (npm ci); this happens once per change of package-lock.json" >&2
  npm ci --no-audit --no-fund --loglevel=error >&2
  if [ ! -x node_modules/.bin/node ]; then
    echo "pristine: no Node runtime package for $(uname -sm); install Node 24 or newer and try again" >&2
    mkdir -p node_modules/.bin && ln -s "$(command -v node)" node_modules/.bin/node
  fi
  printf '%s' "$wanted" >"$stamp"
fi

PATH="$PWD/node_modules/.bin:$PATH"
export PATH
exec "$@"
