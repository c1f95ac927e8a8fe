import type { Skip } from '../../shared/coverage.ts';
import { installed, manifestBlobs, manifestFiles } from '../../shared/manifest.ts';
import { encodeRaw, type RawName, rawOf } from '../../shared/name.ts';
import { defaultRuling, isLeftOut, type Rulebook, type Ruling } from '../../shared/rulebook.ts';
import { isNamedMount, type Mount, type Mounts, mountAround } from '../collect/mounts.ts';
import { type Scope, selfAndAbove } from '../collect/scope.ts';
import type { HoleList } from './hole-list.ts';
import type { Manifest } from './open-manifest.ts';

export interface VerifyScope extends Scope {
  /** The manifest's rules, and ephemeral for what is our own. */
  readonly rulebook: Rulebook;
  /** Whether a baked path is left out on purpose: then that it is not seen says nothing. */
  readonly leavesOut: (path: RawName) => boolean;
  /** The filesystem that may hide a baked path. */
  readonly mountAround: (path: RawName) => Mount | undefined;
  /**
   * Where the filesystem begins that lies over what was baked here, though nothing of the image tells of it: what is seen may be
   * as it was baked, and what lies beneath comes back with the next boot. Absent where nothing lies over anything.
   */
  readonly coverOf?: ((path: RawName, isDirectory: boolean) => RawName | undefined) | undefined;
  readonly skipped: () => readonly Skip[];
  /** Real filesystems beneath the root that were entered. */
  readonly mounts: () => readonly string[];
}

/**
 * What a sweep looks at: everything but what rules ignore, and pseudo filesystems where the rules name the mount point.
 * Those are passed through to what else is mounted in them (`/dev/shm`), and devtmpfs keeps any file it is given, so its
 * regular files are looked at; its devices are the kernel's.
 * What is our own (the manifest, the state directory) was not baked or not by us: it may differ, but guards, executables
 * and devices count there as anywhere, or it would be the place to hide them.
 */
export function verifyScope(manifest: Manifest, mounts: Mounts, holes: HoleList): VerifyScope {
  const { rules, rulebook } = manifest;
  const own = ownNames(manifest);
  const met = new Map<RawName, string>();
  const closed = new Map<RawName, Mount>();
  const leavesOut = (path: RawName) => rulebook.leavesSomeOut && isLeftOut(rulebook.rulingOf(path));
  const isForeign = (path: RawName) => rulebook.leavesSomeOut && rulebook.rulingOf(path).treatment === 'foreign';
  const closedAround = (path: RawName) => closed.get((closed.size > 0 && mounts.around(path)?.path) || '');
  const isPassed = (mount: Mount | undefined) =>
    mount === undefined || (mount.silent !== true && isNamedMount(mount.path, rules.pseudoMounts));
  const ways = waysToFiles(mounts);
  const unexpected = new Set<RawName>();
  for (const { path, pseudo } of mounts.all()) if (!pseudo && !mounts.isExpected(path)) unexpected.add(path);
  const coverOf = (path: RawName, isDirectory: boolean) => {
    const at = mounts.around(path)?.path;
    // An empty directory is where one mounts.
    if (at === undefined || !unexpected.has(at) || (isDirectory && path === at)) return undefined;
    return rulebook.rulingOf(path).treatment === 'immutable' && !isOwn(own, path) ? at : undefined;
  };

  return {
    rulebook: { ...rulebook, rulingOf: (path) => (isOwn(own, path) ? ownRuling : rulebook.rulingOf(path)) },
    observes: (path, kind) => {
      if (leavesOut(path)) return false;
      const mount = mounts.at(path, kind === 'd');
      if (mount?.silent) {
        closed.set(path, mount);
        holes.add({ subject: 'file', name: encodeRaw(path), reason: 'no-answer' });
        return false;
      }
      if (mount?.pseudo) {
        closed.set(path, mount);
        if (isNamedMount(path, rules.pseudoMounts)) met.set(path, `mount: ${mount.type}`);
        else holes.add({ subject: 'file', name: encodeRaw(path), reason: 'covered-by-mount' });
        return false;
      }
      const above = mount === undefined ? closedAround(path) : undefined;
      if (above !== undefined) return kind === 'f' && keepsFiles(above);
      const rule = own.get(path);
      if (rule !== undefined) met.set(path, rule);
      return true;
    },
    // Within what is ignored a rule may make an exception; what is foreign is not even listed.
    enters: (directory) => {
      const mount = closedAround(directory);
      if (mount === undefined) return !isForeign(directory);
      return isPassed(mount) && (keepsFiles(mount) || ways.has(directory));
    },
    onHole: (directory, reason) => {
      if (!leavesOut(directory)) holes.add({ subject: 'file', name: encodeRaw(directory), reason });
    },
    leavesOut: (path) => leavesOut(path) || closedAround(path) !== undefined,
    mountAround: (path) => mounts.around(path),
    coverOf: unexpected.size === 0 ? undefined : coverOf,
    skipped: () => [...rulebook.skips, ...[...met].map(([path, rule]) => ({ name: encodeRaw(path), rule }))],
    mounts: () =>
      [...mounts.all()]
        .filter(({ path, pseudo }) => !pseudo && !isForeign(path) && isPassed(mountAround(closed, path)))
        .map(({ path }) => encodeRaw(path)),
  };
}

/** Every directory above a mount in which files may be kept. */
function waysToFiles(mounts: Mounts): ReadonlySet<RawName> {
  const ways = new Set<RawName>();
  for (const mount of mounts.all()) {
    if (!keepsFiles(mount)) continue;
    for (const above of selfAndAbove(mount.path)) if (above !== mount.path) ways.add(above);
  }
  return ways;
}

function keepsFiles({ type, pseudo }: Mount): boolean {
  return !pseudo || type === 'devtmpfs';
}

/** A manifest is checked by its signature: that it came, and changes with the next bake, is no change of the agent. */
const ownRuling: Ruling = { ...defaultRuling, treatment: 'ephemeral', overridden: ['agent'] };
const ownManifest = 'the manifest itself';
const ownComponents = 'manifests of components';
const ownTexts = 'texts of the manifest itself';
export const outputRule = 'output of this bake';
export const stateRule = 'state directory of the agent';

const blobName = /\/[0-9a-f]{64}$/;

/** What we keep of texts too, which is checked by its name when it is used. */
function isOwn(own: ReadonlyMap<RawName, string>, path: RawName): boolean {
  return own.has(path) || (blobName.test(path) && own.get(path.slice(0, -65)) === ownTexts);
}

/** Names that are not compared themselves: each with why. */
function ownNames({ statement, rules }: Manifest): ReadonlyMap<RawName, string> {
  const own = new Map<RawName, string>([[installed.stateDir, stateRule]]);
  const manifests: RawName[] = [installed.manifest];
  for (const { name, rule } of statement.predicate.notBaked) {
    const raw = rawOf(name);
    if (raw === undefined) continue;
    own.set(raw, rule);
    if (rule === outputRule) manifests.push(raw);
  }
  const components = rules.components?.map(({ name }): RawName => `${installed.components}/${name}`) ?? [];
  if (components.length > 0) own.set(installed.components, ownComponents);
  for (const dir of manifests) setManifest(own, dir, ownManifest);
  for (const dir of components) setManifest(own, dir, ownComponents);
  return own;
}

function setManifest(own: Map<RawName, string>, dir: RawName, rule: string): void {
  own.set(dir, rule);
  for (const file of Object.values(manifestFiles)) own.set(`${dir}/${file}`, rule);
  own.set(`${dir}/${manifestBlobs.directory}`, rule);
  own.set(`${dir}/${manifestBlobs.sha256}`, ownTexts);
}
