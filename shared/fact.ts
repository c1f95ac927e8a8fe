import type { RawName } from './name.ts';
import { encodeRaw, rawOf } from './name.ts';

/**
 * What the configuration of a system says, and which packages it has: each subject with its attributes. `text` and
 * `list` are written as names are (`name.ts`), since any byte can stand in a file; a list of unordered things is sorted
 * by bytes. `?` may be absent. A line that is not understood is a subject too, named `/etc/passwd: line`,
 * with `files` alone. `files` are those that say so, so that a rule about a file reaches what it says. Secrets in commands,
 * options and URLs are `«redacted»`: that one changed is seen by the content of its file.
 */
export const factForms = {
  /** Who may log in by which key. Name: account and fingerprint, `root SHA256:…`. A line that is no key has no `keyType`. */
  'authorized-key': { keyType: 'text?', options: 'text?', files: 'list' },
  /** A certificate that the system trusts. Name: `SHA256:` and the hex of the DER form. One not understood has no more. */
  'ca-certificate': { subjectName: 'text?', notAfter: 'text?', files: 'list' },
  /** What the kernel is started with. Name: the file, and the variable where it has several. */
  cmdline: { parameters: 'list', files: 'list' },
  /** Name: the file and the line as normalised. */
  cron: { schedule: 'text', user: 'text?', command: 'text', files: 'list' },
  group: { gid: 'number?', members: 'list', files: 'list' },
  /** modules-load.d and modprobe.d. Name: the directive and the module, `blacklist nouveau`. */
  'kernel-module': { values: 'list', files: 'list' },
  /** Where the dynamic linker looks, in order. Name: `/etc/ld.so.conf`. */
  'library-path': { directories: 'list', files: 'list' },
  /** Name: as its manager writes it, `openssl:amd64`; `pypi/requests@/usr/lib/python3/dist-packages`. */
  package: { version: 'text', status: 'text', purl: 'text' },
  /** The rules of one service, in order. Name: the service. */
  pam: { rules: 'list', files: 'list' },
  /** A library that every program loads. Name: its path as written. */
  preload: { files: 'list' },
  /** Where packages come from. Name: kind, place and suite as normalised. */
  repository: { enabled: 'text', options: 'list', files: 'list' },
  /** Who may become whom. Name: the rule as normalised. */
  sudoers: { files: 'list' },
  /** What is set at boot, as the last file that says so wins. Name: the key with dots. */
  sysctl: { value: 'text', files: 'list' },
  /** A unit of systemd as it is configured to start. Name: `ssh.service`. `links`: `wanted-by multi-user.target`. */
  unit: { state: 'text', dropIns: 'list', triggers: 'list', commands: 'list', links: 'list', files: 'list' },
  /** `password`: none (nothing is asked), locked, set or absent (no line in shadow). Never the hash. */
  user: { uid: 'number?', gid: 'number?', home: 'text?', shell: 'text?', password: 'text?', files: 'list' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Form>>>>;

export type Form = 'number' | 'number?' | 'text' | 'text?' | 'list';
type ValueOf<F> = F extends 'number' | 'number?' ? number : F extends 'list' ? readonly string[] : string;
type Required<T> = { readonly [K in keyof T as T[K] extends `${string}?` ? never : K]: ValueOf<T[K]> };
type Optional<T> = { readonly [K in keyof T as T[K] extends `${string}?` ? K : never]?: ValueOf<T[K]> };

export type FactSubject = keyof typeof factForms;
export const factSubjects = Object.keys(factForms) as readonly FactSubject[];

/** An entry about anything but a file. */
export type FactOf<S extends FactSubject> = { readonly subject: S; readonly name: string } & Required<
  (typeof factForms)[S]
> &
  Optional<(typeof factForms)[S]>;
export type FactEntry = { readonly [S in FactSubject]: FactOf<S> }[FactSubject];
export type PackageEntry = FactOf<'package'>;

/** An entry from raw bytes: name and texts as collectors have them, one character a byte. */
export function factOf<S extends FactSubject>(raw: FactOf<S>): FactOf<S> {
  const members = Object.entries(raw).map(([key, value]) => [key, key === 'subject' ? value : encoded(value)]);
  return Object.fromEntries(members) as FactOf<S>;
}

function encoded(value: unknown): unknown {
  if (typeof value === 'string') return encodeRaw(value);
  return Array.isArray(value) ? value.map((item: RawName) => encodeRaw(item)) : value;
}

/** Strictly: the attributes its subject has, each in its form. A line of more than 64 KiB is refused elsewhere. */
export function isFactEntry(entry: Readonly<Record<string, unknown>>): boolean {
  const { subject, name, ...attributes } = entry;
  const forms: Readonly<Record<string, Form>> | undefined = factForms[subject as FactSubject];
  if (forms === undefined || !Object.hasOwn(factForms, subject as string) || !isText(name)) return false;
  return (
    Object.keys(attributes).every((key) => Object.hasOwn(forms, key)) &&
    Object.entries(forms).every(([key, form]) => hasForm(attributes[key], form))
  );
}

function hasForm(value: unknown, form: Form): boolean {
  switch (form) {
    case 'number':
      return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff;
    case 'number?':
      return value === undefined || hasForm(value, 'number');
    case 'text':
      return isText(value);
    case 'text?':
      return value === undefined || isText(value);
    case 'list':
      return Array.isArray(value) && value.every(isText);
    default:
      return form satisfies never;
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && rawOf(value) !== undefined;
}
