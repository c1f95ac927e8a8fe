import type { FactOf } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import { certificatesIn, describeCertificate, fingerprintOfDer } from './certificates.ts';
import type { Collector, Reader } from './collector.ts';
import { trimmed } from './lines.ts';
import { namesIn, regularFile, regularText, statOnce } from './regular-file.ts';

/** What programs read whole: OpenSSL, GnuTLS, curl and the rest, by distribution. Only the first that says it is named. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/var/lib/ca-certificates/ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
  '/etc/pki/tls/cert.pem',
];
/** Where each file is trusted by itself, or will be as soon as the distribution's tool runs again. */
const directories = [
  '/etc/ssl/certs',
  '/etc/pki/tls/certs',
  '/etc/pki/ca-trust/extracted/pem',
  '/etc/pki/ca-trust/extracted/pem/directory-hash',
  '/etc/pki/ca-trust/source/anchors',
  '/usr/share/pki/ca-trust-source/anchors',
  '/etc/pki/trust/anchors',
  '/usr/share/pki/trust/anchors',
  '/var/lib/ca-certificates/pem',
];
/** update-ca-certificates(8): all of the first, and of the second what the list says. */
const localTree = '/usr/local/share/ca-certificates';
const choosableTree = '/usr/share/ca-certificates';
const chosenList = '/etc/ca-certificates.conf';

const treeDepthMax = 8;
const filesMax = 20_000;
/** Each takes 70 µs to understand. Past so many the rest is told by its digest alone. */
const describedMax = 10_000;
/** Of what says the same, so many are named. */
const filesNamedMax = 8;

/**
 * The certificates a system trusts: those in a bundle, those in a directory of trusted ones, and those that the next run of
 * the distribution's tool would put there. Left out: Java's keystores, and bundles with flags that also say distrust.
 * One that is in a bundle names the bundle alone, so that the hundred links beside it say nothing new.
 */
export const caCertificates: Collector<'ca-certificate'> = {
  subject: 'ca-certificate',
  reads: [
    '/etc/ssl/**',
    '/etc/pki/**',
    chosenList,
    `${localTree}/**`,
    `${choosableTree}/**`,
    '/usr/share/pki/**',
    '/var/lib/ca-certificates/**',
  ],
  collect: (reader) => {
    const found = new Map<string, Trusted>();
    const dersOf = certificateReader(reader);
    for (const bundle of bundles) {
      for (const [name, der] of dersOf(bundle))
        if (!found.has(name)) found.set(name, { der, files: [bundle], isBundled: true });
    }
    for (const path of [...new Set(singleFiles(reader))].slice(0, filesMax)) {
      for (const [name, der] of dersOf(path)) addFile(found, name, der, path);
    }
    return [...found].map(([name, trusted], index) => factOfCertificate(name, trusted, index < describedMax));
  },
};

interface Trusted {
  readonly der: Buffer;
  readonly files: readonly RawName[];
  readonly isBundled: boolean;
}

function addFile(found: Map<string, Trusted>, name: string, der: Buffer, path: RawName): void {
  const known = found.get(name);
  if (known?.isBundled || (known?.files.length ?? 0) >= filesNamedMax || bundles.includes(path)) return;
  found.set(name, { der, files: [...(known?.files ?? []), path], isBundled: false });
}

function factOfCertificate(name: string, { der, files }: Trusted, isDescribed: boolean): FactOf<'ca-certificate'> {
  const details = isDescribed ? describeCertificate(der) : undefined;
  return { subject: 'ca-certificate', name, ...details, files: files.toSorted() };
}

/** By the path that is trusted, not where its links lead: a rule about /tmp must not speak of what is trusted in /etc. */
function singleFiles(reader: Reader): readonly RawName[] {
  return [
    ...directories.flatMap((directory) =>
      namesIn(reader, directory)
        .map((name) => `${directory}/${name}`)
        .filter((path) => !isLinkToSibling(reader, path)),
    ),
    ...treeFiles(reader, localTree, treeDepthMax),
    ...parseChosen(regularText(reader, chosenList) ?? '').map((name) => `${choosableTree}/${name}`),
  ];
}

/** `002c0b4f.0 -> GlobalSign_Root_R46.pem`: OpenSSL's index, half of the directory, which the sibling speaks for. */
function isLinkToSibling(reader: Reader, path: RawName): boolean {
  const target = statOnce(reader, path)?.target;
  return target !== undefined && !target.includes('/') && target !== '.' && target !== '..';
}

function treeFiles(reader: Reader, directory: RawName, depthLeft: number): readonly RawName[] {
  return namesIn(reader, directory).flatMap((name) => {
    const path = `${directory}/${name}`;
    if (name.endsWith('.crt')) return [path];
    return depthLeft > 0 && statOnce(reader, path)?.type === 'dir' ? treeFiles(reader, path, depthLeft - 1) : [];
  });
}

/** The names in ca-certificates.conf that are neither a comment nor deselected. */
export function parseChosen(text: string): readonly RawName[] {
  return text
    .split('\n')
    .map(trimmed)
    .filter((line) => line !== '' && line[0] !== '#' && line[0] !== '!');
}

/** Links to one file are one reading. */
function certificateReader(reader: Reader): (path: RawName) => readonly (readonly [name: string, der: Buffer])[] {
  const known = new Map<RawName, readonly (readonly [string, Buffer])[]>();
  return (path) => {
    const file = regularFile(reader, path);
    if (file === undefined) return [];
    const before = known.get(file);
    if (before !== undefined) return before;
    const ders = certificatesIn(reader.bytes(file) ?? Buffer.alloc(0));
    const named = ders.map((der) => [fingerprintOfDer(der), der] as const);
    known.set(file, named);
    return named;
  };
}
