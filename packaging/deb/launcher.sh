#!/bin/sh
# /usr/bin/pristine: the agent on its own runtime. What is set for other Node programs must not change what it does.
unset NODE_OPTIONS NODE_PATH NODE_V8_COVERAGE NODE_COMPILE_CACHE OPENSSL_CONF OPENSSL_MODULES
exec /usr/lib/pristine/bin/node /usr/lib/pristine/pristine.js "$@"
