/**
 * Completes package-lock.json after `npm install`: node packaging/complete-lock.ts
 *
 * Native tools ship one optional package a platform. A registry mirror may hold only those of the platforms it serves;
 * npm then leaves the others out of the lock without a word, and `npm ci` refuses that lock as out of sync, on every
 * machine. We write the missing ones back with the platform they are for, so that npm knows them and skips them.
 * They carry no integrity, because nobody here has seen their bytes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface LockedPackage {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}
export type LockedPackages = Record<string, LockedPackage>;

export interface MissingPackage {
  readonly place: string;
  readonly name: string;
  readonly version: string;
  readonly dev: boolean;
}

/** Optional dependencies with an exact version that the lock names but does not hold. */
export function missingPackages(packages: LockedPackages): MissingPackage[] {
  const missing: MissingPackage[] = [];
  for (const [parent, locked] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(locked.optionalDependencies ?? {})) {
      if (!/^\d/.test(version) || resolved(packages, parent, name)?.version === version) continue;
      const beside = `${parent.slice(0, parent.lastIndexOf('node_modules/'))}node_modules/${name}`;
      const place = packages[beside] ? `${parent}/node_modules/${name}` : beside;
      missing.push({ place, name, version, dev: locked.dev === true });
    }
  }
  return missing;
}

/** Node's own lookup: the nearest node_modules folder, going up from the package that asks. */
function resolved(packages: LockedPackages, parent: string, name: string): LockedPackage | undefined {
  for (let at = parent; ; ) {
    const found = packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`];
    if (found || at === '') return found;
    at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')));
  }
}

function platformEntry({ name, version, dev }: MissingPackage): LockedPackage {
  const words = name.slice(name.lastIndexOf('/') + 1).split('-');
  const os = words.filter((word) => /^(android|darwin|freebsd|linux|openharmony|win32)$/.test(word));
  const cpu = words.filter((word) => /^(arm|arm64|ia32|ppc64|riscv64|s390x|wasm32|x64)$/.test(word));
  if (cpu.length !== 1) throw new Error(`${name}: expected a platform in the name, such as linux-x64`);
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : words.includes('linux') ? ['glibc'] : [];
  return {
    version,
    cpu,
    ...(dev ? { dev } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    optional: true,
    ...(os.length > 0 ? { os } : {}),
  };
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const file = resolve(dirname(fileURLToPath(import.meta.url)), '..', 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: LockedPackages };
  const missing = missingPackages(lock.packages);
  for (const one of missing) lock.packages[one.place] = platformEntry(one);
  const byPlace = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(byPlace));
  if (missing.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`package-lock.json: ${missing.length} packages of other platforms added`);
}
