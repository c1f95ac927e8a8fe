#!/bin/sh
# /usr/bin/pristine: the agent on its own runtime. What is set to change other programs must not change what it does: what of it
# works before Node has begun is taken out here, and the names go along, so that sweeps tell of it (agent/own-environment.ts).
found=
for name in LD_AUDIT LD_LIBRARY_PATH LD_PRELOAD NODE_COMPILE_CACHE NODE_EXTRA_CA_CERTS NODE_ICU_DATA NODE_OPTIONS NODE_PATH \
  NODE_V8_COVERAGE OPENSSL_CONF OPENSSL_ENGINES OPENSSL_MODULES; do
  eval "[ -n \"\${$name+set}\" ]" || continue
  found="$found $name"
  unset "$name"
done
if [ -n "$found" ]; then
  echo "pristine:$found of the environment would change what we do: begun without" >&2
  export PRISTINE_TOOK_OUT="${found# }"
fi
exec /usr/lib/pristine/bin/node /usr/lib/pristine/pristine.js "$@"
