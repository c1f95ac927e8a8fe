/**
 * What of an environment could make other code run in our processes, or make them trust, find or tell others than they should:
 * variables of the dynamic linker (ld.so(8)), of Node (node(1)), of OpenSSL and of the C library. Not those that only a person
 * reads, nor those of other programs that begin alike.
 */
export function changesUs(name: string): boolean {
  return name.startsWith('LD_') || listed.has(name);
}

const listed: ReadonlySet<string> = new Set([
  'GCONV_PATH',
  'GLIBC_TUNABLES',
  'HOSTALIASES',
  'LOCPATH',
  'NODE_COMPILE_CACHE',
  'NODE_EXTRA_CA_CERTS',
  'NODE_ICU_DATA',
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_PRESERVE_SYMLINKS',
  'NODE_PRESERVE_SYMLINKS_MAIN',
  'NODE_REDIRECT_WARNINGS',
  'NODE_REPL_EXTERNAL_MODULE',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'NODE_USE_ENV_PROXY',
  'NODE_USE_SYSTEM_CA',
  'NODE_V8_COVERAGE',
  'OPENSSL_CONF',
  'OPENSSL_ENGINES',
  'OPENSSL_MODULES',
  'SSLKEYLOGFILE',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
]);

/** Holds the names of those that were taken out, for whoever tells of them. */
export const tookOut = 'PRISTINE_TOOK_OUT';
