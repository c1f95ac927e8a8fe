import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { CodedError, sentenceOf } from '../../shared/errors.ts';

/** Who may have signed the certificate of the server. */
export interface ServerTrust {
  /** TLS 1.3 with these authorities and no others. */
  readonly context: SecureContext;
  /** For a person. */
  readonly said: string;
}

/**
 * Asked anew for each connection, so that a CA may be exchanged under a running agent. Errors: CONFIG for a file that cannot be
 * read, or is not one of certificates, and for a system that trusts nobody.
 */
export function createServerTrust(ca: string | undefined): () => ServerTrust {
  let last: { readonly pem: string; readonly trust: ServerTrust } | undefined;
  return () => {
    const pem = ca === undefined ? systemRoots() : readAuthorities(ca);
    if (last?.pem !== pem) last = { pem, trust: { context: contextOf(pem), said: saidOf(ca) } };
    return last.trust;
  };
}

const caBytesMax = 1_048_576;
const certificate = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

function readAuthorities(file: string): string {
  try {
    if (statSync(file).size > caBytesMax) throw new Error(`it has more than ${caBytesMax} bytes`);
    const found = readFileSync(file, 'utf8').match(certificate) ?? [];
    if (found.length === 0) throw new Error('it holds no -----BEGIN CERTIFICATE-----');
    // OpenSSL would take the ones that it can read, and say nothing of the rest.
    for (const pem of found) new X509Certificate(pem);
    return found.join('\n');
  } catch (cause) {
    throw new CodedError(
      'CONFIG',
      `ca: ${file}: expected the CA certificates of the server as PEM: ${sentenceOf(cause)}`,
      cause,
    );
  }
}

/** What the system trusts, and not what Node was built with. */
function systemRoots(): string {
  // It lists what several names in /etc/ssl/certs lead to as often.
  const roots = [...new Set(getCACertificates('system'))];
  if (roots.length === 0) {
    throw new CodedError(
      'CONFIG',
      'this system trusts no CA at all: install its package ca-certificates, or set ca to a file with the one that signed the certificate of the server',
    );
  }
  return roots.join('\n');
}

function contextOf(ca: string): SecureContext {
  return createSecureContext({ ca, minVersion: 'TLSv1.3' });
}

function saidOf(ca: string | undefined): string {
  return ca === undefined ? 'the CAs that this system trusts' : `a CA in ${ca}`;
}
