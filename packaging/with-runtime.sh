#!/bin/sh
# Runs a command with the project's own dependencies and its own Node, installing first what is missing or stale.
# Plain sh, because it must work where the only Node is too old for everything else in the house.
set -eu
cd "$(dirname "$0")/.."

stamp=node_modules/.pristine-installed
wanted="$(uname -sm) $(cksum <package-lock.json)"

ready() {
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && node_modules/.bin/node -e 0 2>/dev/null
}

install() {
  # The stamp goes first: an install that is cut off leaves none, and the next start begins again.
  rm -f "$stamp"
  if [ ! -d node_modules ]; then why='no node_modules yet'; else why='node_modules is stale or incomplete'; fi
  echo "pristine: $why; installing with npm ci, about half a minute (once per change of package-lock.json)" >&2
  if ! command -v npm >/dev/null 2>&1; then
    echo 'pristine: npm was not found; install Node with npm (any version from 18 on will do) and try again' >&2
    exit 2
  fi
  if ! npm ci --no-audit --no-fund --loglevel=error >&2; then
    echo 'pristine: npm ci failed, see above; it needs the package registry and a writable checkout' >&2
    exit 2
  fi
  if ! node_modules/.bin/node -e 0 2>/dev/null; then
    # No runtime package for this platform: a new enough Node of the machine's own will do.
    if ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 24)' 2>/dev/null; then
      echo "pristine: npm has no Node runtime for $(uname -sm); install Node 24 or newer and try again" >&2
      exit 2
    fi
    ln -sf "$(command -v node)" node_modules/.bin/node
  fi
  printf '%s\n' "$wanted" >"$stamp"
}

if ! ready; then
  # Two starts at once: the second waits for the first, then finds the work done. The lock is on a file that exists
  # anyway and dies with its holders, npm included, so a killed install never leaves a lock behind.
  exec 9<package-lock.json
  if command -v flock >/dev/null 2>&1 && ! flock -n 9; then
    echo 'pristine: another start is installing the dependencies; waiting for it' >&2
    flock 9
  fi
  ready || install
  exec 9<&-
fi

PATH="$PWD/node_modules/.bin:$PATH"
export PATH
exec "$@"
