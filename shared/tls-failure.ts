/** What is known of a connection that failed: of Node and of OpenSSL, whose codes are the same in all their versions of late. */
interface Failure {
  readonly code?: unknown;
  readonly cert?: unknown;
  readonly message?: unknown;
}

/** Where it was to go. */
export interface TlsPeer {
  /** `pristine.example:7420`. */
  readonly host: string;
  /** Who may have signed its certificate, for a person: `the CA certificates in /etc/pristine/ca.pem`. */
  readonly trusted: string;
}

/** A name in a certificate is chosen by whoever made it. */
const namesCharactersMax = 256;

/** Why a server could not be trusted, and what to look at, for a person on call. Undefined for what TLS has nothing to do with. */
export function tlsSentence(failure: Failure, { host, trusted }: TlsPeer): string | undefined {
  const { cert } = failure;
  switch (codeOf(failure)) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${host} is for ${namesIn(cert)}: this is another server, or its certificate lacks the name by which it is called here`;
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${host}, or of the CA that signed it, has expired by the clock of this machine: renew it, or set the clock right`;
    case 'CERT_NOT_YET_VALID':
      return `the certificate of ${host} is not valid yet by the clock of this machine: set the clock right`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return `the certificate of ${host} is signed by nobody but itself, and is not one of ${trusted}: this is another server, or its CA must be named here`;
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
    case 'INVALID_CA':
      return `the certificate of ${host} is not signed by ${trusted}: this is another server, or its CA must be named here`;
    case 'INVALID_PURPOSE':
      return `the certificate of ${host} is not one of a server: it lacks the extended key usage serverAuth`;
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
      return `${host} does not speak TLS 1.3, and less is not spoken: something older stands in front of the server, or in its place`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `${host} answers, but not by TLS: the server speaks plain text there (set its tlsCertificate and tlsKey), or something took TLS out on the way`;
    default:
      return undefined;
  }
}

/** While it writes, Node says EPROTO, and what OpenSSL said is in its message alone. */
function codeOf({ code, message }: Failure): unknown {
  if (code !== 'EPROTO') return code;
  const [, reason = ''] = /:SSL routines:[^:]*:([^:]+):/.exec(String(message)) ?? [];
  return `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`;
}

function namesIn(cert: unknown): string {
  const names = typeof cert === 'object' && cert !== null && 'subjectaltname' in cert ? cert.subjectaltname : undefined;
  return typeof names === 'string' && names !== '' ? names.slice(0, namesCharactersMax) : 'no name at all';
}
