import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls';
import { type Clock, timestamp } from '../../shared/clock.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import type { Log } from '../fleet/log.ts';

/** By what the server shows who it is, for people and agents alike. */
export interface Certificate {
  /** Of the files as they stood last when they were good. */
  readonly options: SecureContextOptions;
  /** From now on this server shows the files as they stand; connections that are there stay. */
  follow(server: Server): void;
  /** Looks at the files now. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

export interface CertificateFiles {
  /** PEM: the certificate of the server, then those that lead to its CA. */
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  readonly files: CertificateFiles;
  readonly clock: Clock;
  readonly log: Log;
  /** From one look at the files to the next; two small files, so that no watcher has to be believed. */
  readonly lookEveryMs?: number;
}

const lookEveryMs = 10_000;
const dayMs = 24 * 3_600_000;
/** From then on it is said once a day that it expires. */
const expiresSoonMs = 14 * dayMs;

interface Loaded {
  readonly texts: readonly [string, string];
  readonly options: SecureContextOptions;
  readonly expiresAt: number;
}

/**
 * A certificate that is renewed under the running server. One that cannot be used leaves the former standing, since it may be
 * half written, and is told once. Errors: CONFIG where the first cannot.
 */
export async function openCertificate(options: CertificateOptions): Promise<Certificate> {
  const { files, clock, log } = options;
  let loaded = await load(files);
  let refused: string | undefined;
  let warnedAt = Number.NEGATIVE_INFINITY;
  let followed: Server | undefined;
  const stopping = new AbortController();
  tellExpiry();
  const looking = keepLooking();

  return {
    get options() {
      return loaded.options;
    },
    follow(server) {
      followed = server;
      server.setSecureContext(loaded.options);
    },
    reload: look,
    async stop() {
      stopping.abort();
      await looking;
    },
  };

  async function keepLooking(): Promise<void> {
    while (await pause()) await look();
  }

  /** False when it is to end. */
  function pause(): Promise<boolean> {
    return clock.sleep(options.lookEveryMs ?? lookEveryMs, stopping.signal).then(
      () => true,
      () => false,
    );
  }

  async function look(): Promise<void> {
    try {
      const next = await load(files, loaded);
      refused = undefined;
      if (next !== loaded) {
        loaded = next;
        followed?.setSecureContext(next.options);
        warnedAt = Number.NEGATIVE_INFINITY;
        log.info({ ...files, expiresAt: timestamp(next.expiresAt) }, 'tls: a new certificate is in use');
      }
    } catch (cause) {
      const reason = sentenceOf(cause);
      if (reason !== refused) log.error({ reason }, 'tls: the new certificate cannot be used, the former one stays');
      refused = reason;
    }
    tellExpiry();
  }

  function tellExpiry(): void {
    const leftMs = loaded.expiresAt - clock.now();
    if (leftMs > expiresSoonMs || clock.now() - warnedAt < dayMs) return;
    warnedAt = clock.now();
    const fields = { ...files, expiresAt: timestamp(loaded.expiresAt) };
    if (leftMs > 0) log.warn(fields, 'tls: the certificate expires soon');
    else log.error(fields, 'tls: the certificate has expired: no agent connects any more');
  }
}

/** The former where the files still say the same. Errors: CONFIG. */
async function load({ certificate, key }: CertificateFiles, former?: Loaded): Promise<Loaded> {
  const texts = [await read('tlsCertificate', certificate), await read('tlsKey', key)] as const;
  if (former?.texts.every((text, index) => text === texts[index])) return former;
  try {
    const options: SecureContextOptions = { cert: texts[0], key: texts[1], minVersion: 'TLSv1.3' };
    createSecureContext(options);
    return { texts, options, expiresAt: Date.parse(new X509Certificate(texts[0]).validTo) };
  } catch (cause) {
    throw new CodedError(
      'CONFIG',
      `expected in ${certificate} a certificate, and in ${key} the private key that belongs to it, both PEM: ${sentenceOf(cause)}`,
      cause,
    );
  }
}

async function read(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CodedError('CONFIG', `${option}: ${file} cannot be read: ${sentenceOf(cause)}`, cause);
  }
}
