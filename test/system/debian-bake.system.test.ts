import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { debianRoot } from '../support/debian-root.ts';
import {
  canonical,
  entriesText,
  files,
  isSignedBy,
  type RawEntry,
  readEntries,
  readStatement,
  sha256,
} from '../support/manifest-oracle.ts';
import { bake, bakeSigned, entryFile, succeed, verify } from '../support/pristine-cli.ts';
import { isRoot } from '../support/scratch.ts';
import { bytesOfName, everyPath, listPackages, listTree } from '../support/tree-oracle.ts';
import { aWorkbench } from '../support/workbench.ts';

type Skip = { readonly name: string; readonly rule: string };

describe.skipIf(!isRoot)('bake of a Debian (needs root)', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();
  let debian: string;
  let manifest: string;

  beforeAll(async () => {
    debian = debianRoot();
    manifest = join(place.dir, 'manifest');
    await bakeSigned({ root: debian, out: manifest, key: keys.key });
  }, 600_000);

  it('gives byte-identical entries again, from a copy, and with its output inside the root', async () => {
    const copy = join(place.dir, 'copy');
    execFileSync('cp', ['-a', '--reflink=auto', debian, copy]);

    const again = join(place.dir, 'again');
    await bakeSigned({ root: debian, out: again, key: keys.key });
    const ofCopy = join(place.dir, 'of-copy');
    await bakeSigned({ root: copy, out: ofCopy, key: keys.key });
    const inside = join(copy, 'usr/lib/pristine/manifest');
    mkdirSync(dirname(inside));
    await bakeSigned({ root: copy, out: inside, key: keys.key });
    const first = entriesText(inside);
    await bakeSigned({ root: copy, out: inside, key: keys.key });

    expect(sha256(entriesText(again))).toBe(sha256(entriesText(manifest)));
    expect(sha256(entriesText(ofCopy))).toBe(sha256(entriesText(manifest)));
    expect(sha256(entriesText(inside))).toBe(sha256(first));
  });

  it('lists what find, stat, sha256sum and dpkg-query list, entry by entry', () => {
    const entries = readEntries(manifest);

    expectEqualListing(entries, listTree(debian));
    expect(byName(entries.filter(({ subject }) => subject === 'package'))).toEqual(byName(listPackages(debian)));
  });

  it('leaves nothing out of a root without mounts', () => {
    const skipped: Skip[] = readStatement(manifest).predicate.notBaked;

    expect(skipped.filter(({ name }) => existsSync(join(debian, name)))).toEqual([]);
  });

  it('writes canonical lines in the order of bytes, files before packages', () => {
    const lines = entriesText(manifest).toString().split('\n');
    const entries = readEntries(manifest);

    expect(lines.pop()).toBe('');
    expect(lines).toEqual(entries.map((entry) => canonical(entry)));
    const keysInOrder = entries.map(({ subject, name }) =>
      Buffer.concat([Buffer.from(`${subject}\0`), bytesOfName(name)]),
    );
    const misplaced = keysInOrder.findIndex((key, at) => at > 0 && Buffer.compare(keysInOrder[at - 1]!, key) >= 0);
    expect(misplaced).toBe(-1);
  });

  it('signs a statement that binds entries, counts and image', () => {
    const text = entriesText(manifest);
    const statement = readStatement(manifest);

    expect(isSignedBy(manifest, files.manifest, keys.pub)).toBe(true);
    expect(isSignedBy(manifest, files.rules, keys.pub)).toBe(true);
    expect(statement.predicateType).toBe('urn:x-pristine:manifest:v1');
    expect(statement.subject).toContainEqual({ name: 'entries.ndjson', digest: { sha256: sha256(text) } });
    expect(statement.predicate).toMatchObject({
      image: { name: 'web', version: '1' },
      platform: { os: 'linux' },
      scheme: { version: 1 },
      entries: { bytes: text.length, lines: readEntries(manifest).length },
    });
    expect(readStatement(manifest, files.rules).predicate.sequence).toBe(1);
  });

  it('accounts for every path when /proc, /dev/pts, a tmpfs and a bind mount are in the root', async () => {
    const root = place.overlay(debian, 'mounted');
    mkdirSync(join(root, 'var/lib/pristine/spool'), { recursive: true });
    writeFileSync(join(root, 'var/lib/pristine/identity.key'), 'secret');
    const other = place.folder('other');
    writeFileSync(join(other, 'bound'), 'bound');
    place.mount(['-t', 'proc', 'proc'], join(root, 'proc'));
    place.mount(['-t', 'devpts', 'devpts'], join(root, 'dev/pts'));
    place.mount(['-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs'], join(root, 'mnt'));
    writeFileSync(join(root, 'mnt/in-tmpfs'), 'in-tmpfs');
    place.mount(['--bind', other], join(root, 'srv'));
    const out = join(root, 'usr/lib/pristine/manifest');
    mkdirSync(dirname(out), { recursive: true });

    await bakeSigned({ root, out, key: keys.key });
    const { code, report } = await verify({ root, manifest: out, pub: keys.pub });

    const skipped: Skip[] = readStatement(out).predicate.notBaked;
    expect(skipped.filter(({ rule }) => rule === '')).toEqual([]);
    const left = ['/proc', '/dev/pts', '/usr/lib/pristine/manifest', '/var/lib/pristine'];
    expect(
      skipped
        .map(({ name }) => name)
        .filter((name) => existsSync(join(root, name)))
        .toSorted(),
    ).toEqual(left.toSorted());
    const entries = readEntries(out);
    expectEqualListing(entries, listTree(root, left));
    const named = new Set(entries.filter(({ subject }) => subject === 'file').map(({ name }) => name));
    const beneath = (name: string) => left.some((skip) => name === skip || name.startsWith(`${skip}/`));
    expect(everyPath(root).filter((name) => named.has(name) === beneath(name))).toEqual([]);
    expect(code).toBe(0);
    expect(report.coverage.mounts.toSorted()).toEqual(['/mnt', '/srv']);
    const shown = report.coverage.skipped.filter(({ rule }) => rule !== '').map(({ name }) => name);
    expect(shown).toEqual(expect.arrayContaining(['/proc', '/dev/pts']));
    for (const point of ['srv', 'mnt', 'dev/pts', 'proc']) place.unmount(join(root, point));
  });

  it('is in sync on a machine that mounts what a running Debian mounts', async () => {
    const root = place.overlay(debian, 'running');
    const points: [string[], string][] = [
      [['-t', 'proc', 'proc'], 'proc'],
      [['-t', 'sysfs', 'sysfs'], 'sys'],
      [['-t', 'devtmpfs', 'devtmpfs'], 'dev'],
      [['-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs'], 'run'],
      [['-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs'], 'tmp'],
    ];
    for (const [args, point] of points) place.mount(args, join(root, point));
    mkdirSync(join(root, 'run/systemd'));
    writeFileSync(join(root, 'run/systemd/notify'), '');

    const { code, report } = await verify({ root, manifest, pub: keys.pub });

    for (const [, point] of points.toReversed()) place.unmount(join(root, point));
    expect(report.findings).toEqual([]);
    expect(report.coverage.holes).toEqual([]);
    expect(code).toBe(0);
    expect(report.coverage.mounts.toSorted()).toEqual(expect.arrayContaining(['/run', '/tmp']));
  });

  it('bakes in a chroot without /proc, and its manifest holds outside once it is signed there', async () => {
    const root = join(place.dir, 'copy');
    rmSync(join(root, 'usr/lib/pristine'), { recursive: true, force: true });
    const program = installProgram(root);

    const run = await bake({
      root: '/',
      out: '/usr/lib/pristine/manifest',
      before: ['chroot', root],
      program,
    });
    expect(run.stderr + run.code).toMatch(/0$/);
    const out = join(root, 'usr/lib/pristine/manifest');
    const unsigned = await verify({ root, manifest: out, pub: keys.pub });
    await succeed(['sign', '--manifest', out, '--key', keys.key]);
    const signed = await verify({ root, manifest: out, pub: keys.pub });

    expect([unsigned.code, unsigned.report.error?.code]).toEqual([3, 'UNSIGNED']);
    expect(signed.report.findings).toEqual([]);
    expect(signed.code).toBe(0);
    expectEqualListing(readEntries(out), listTree(root, ['/usr/lib/pristine/manifest']));
  });
});

function expectEqualListing(entries: readonly RawEntry[], oracle: ReadonlyMap<string, RawEntry>): void {
  const listed = new Map(entries.filter(({ subject }) => subject === 'file').map((entry) => [entry.name, entry]));
  expect([...oracle.keys()].filter((name) => !listed.has(name))).toEqual([]);
  expect([...listed.keys()].filter((name) => !oracle.has(name))).toEqual([]);
  const unequal = [...oracle].filter(([name, entry]) => canonical(entry) !== canonical(listed.get(name)));
  expect(unequal.map(([name, entry]) => ({ expected: entry, got: listed.get(name) }))).toEqual([]);
}

function byName(entries: readonly RawEntry[]): string[] {
  return entries.map((entry) => canonical(entry)).toSorted();
}

/** The program, its own dependencies and its runtime, copied into a root; the command that runs it there. */
function installProgram(root: string): readonly string[] {
  const checkout = dirname(dirname(entryFile));
  const target = join(root, 'opt/pristine');
  mkdirSync(target, { recursive: true });
  const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8'));
  const runtime = Object.entries<{ dev?: boolean }>(lock.packages)
    .filter(([path, { dev }]) => path.startsWith('node_modules/') && !dev)
    .map(([path]) => path)
    .filter((path) => existsSync(join(checkout, path)));
  for (const path of ['agent', 'shared', 'package.json', ...runtime]) {
    cpSync(join(checkout, path), join(target, path), { recursive: true });
  }
  cpSync(process.execPath, join(target, 'node'), { dereference: true });
  if (statSync(join(target, 'node')).size < 1_000_000) throw new Error('expected the runtime itself, not a wrapper');
  return ['/opt/pristine/node', '/opt/pristine/agent/pristine.js'];
}
