import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { addDevices, buildHostileTree, hostileNames, makeSocket } from '../support/hostile-tree.ts';
import { canonical, entriesText, readEntries } from '../support/manifest-oracle.ts';
import { bake, bakeSigned, brief, pristine, verify } from '../support/pristine-cli.ts';
import { isRoot } from '../support/scratch.ts';
import { bytesOfName, listTree, writtenName } from '../support/tree-oracle.ts';
import { aWorkbench } from '../support/workbench.ts';

describe('a hostile tree', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();
  let root: string;
  let manifest: string;

  beforeAll(async () => {
    root = place.folder('root');
    buildHostileTree(root);
    if (isRoot) addDevices(root);
    manifest = join(place.dir, 'manifest');
    await bakeSigned({ root, out: manifest, key: keys.key });
  }, 120_000);

  it('is listed as find, stat and sha256sum list it', () => {
    const oracle = [...listTree(root).values()].map((entry) => canonical(entry));

    const entries = readEntries(manifest).map((entry) => canonical(entry));

    expect(entries.toSorted()).toEqual(oracle.toSorted());
    expect(entries.length).toBeGreaterThan(350);
    expect(entries.some((entry) => entry.includes('"type":"socket"'))).toBe(true);
    expect(entries.some((entry) => entry.includes('"type":"fifo"'))).toBe(true);
  });

  it('is sorted by the bytes of whole paths', () => {
    const names = readEntries(manifest).map(({ name }) => bytesOfName(name));

    expect(names).toEqual(names.toSorted(Buffer.compare));
    expect(entriesText(manifest).toString().includes('\u001b')).toBe(false);
  });

  it('verifies clean, and has all its files hashed', async () => {
    const { code, report } = await verify({ root, manifest, pub: keys.pub });

    expect(report.findings).toEqual([]);
    expect(code).toBe(0);
    const regular = readEntries(manifest).filter((entry) => entry['type'] === 'file');
    expect(report.coverage.filesHashed).toBe(regular.length);
  });

  it('changed in every name is found by every name', async () => {
    const names = hostileNames.map((name) => Buffer.concat([Buffer.from(`${root}/names/`), name]));
    for (const name of names) writeFileSync(name, 'changed');

    const { code, report } = await verify({ root, manifest, pub: keys.pub });

    for (const [index, name] of names.entries()) writeFileSync(name, hostileNames[index]!);
    const written = hostileNames.map((name) => writtenName(`/names/${name.toString('latin1')}`));
    expect(report.findings.map(({ name }) => name).toSorted()).toEqual(written.toSorted());
    expect(code).toBe(1);
  });

  it('cannot speak to the terminal, neither as findings nor as errors', async () => {
    const args = ['--manifest', manifest, '--pub', keys.pub];
    const empty = place.folder('empty');
    const evil = '/no/\x1b[2J\x1b]0;owned\x07\u202Ethere\u2066\n';

    const removed = await pristine(['verify', '--root', empty, ...args]);
    const absent = await pristine(['verify', '--root', evil, ...args]);
    const noConfig = await pristine(['bake', '--root', root, '--image', evil, '--image-version', evil, '--out', evil]);
    const unknown = await pristine([evil]);

    expect(removed.code).toBe(1);
    expect(removed.stdout.split('\n').length).toBeGreaterThan(350);
    for (const run of [removed, absent, noConfig, unknown]) {
      expect(run.stdout + run.stderr).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u);
    }
    expect([2, 3]).toContain(absent.code);
    expect([noConfig.code, unknown.code]).toEqual([2, 2]);
  });

  it('as JSON stays one object of one line of pure text', async () => {
    const { run } = await verify({ root: place.folder('empty'), manifest, pub: keys.pub });

    expect(run.stdout.trimEnd()).not.toMatch(/(?!\n)[\p{Cc}]/u);
  });

  it('with a sparse file of a gigabyte is hashed in bounded memory', async () => {
    const sparse = place.folder('sparse');
    writeFileSync(join(sparse, 'sparse'), '');
    truncateSync(join(sparse, 'sparse'), 2 ** 30);
    const out = join(place.dir, 'sparse-manifest');

    const run = await bake({ root: sparse, out, key: keys.key });
    const { code, run: verifyRun } = await verify({ root: sparse, manifest: out, pub: keys.pub });

    expect([run.code, code]).toEqual([0, 0]);
    expect(readEntries(out).find(({ name }) => name === '/sparse')).toEqual(listTree(sparse).get('/sparse'));
    expect(Math.max(run.peakRssKb, verifyRun.peakRssKb)).toBeLessThan(400_000);
  });

  it('with wide directories stays in bounded memory', async () => {
    const wide = place.folder('wide');
    const program = `for (let n = 0; n < 60000; n += 1) require('fs').writeFileSync(process.argv[1] + '/f' + n, '' + n)`;
    spawnSync(process.execPath, ['-e', program, wide]);
    const out = join(place.dir, 'wide-manifest');

    await bakeSigned({ root: wide, out, key: keys.key });
    const { code, report } = await verify({ root: wide, manifest: out, pub: keys.pub });

    expect(code).toBe(0);
    expect(report.coverage.filesHashed).toBe(60_000);
  });

  it.each(['fifo', 'socket', 'symlink', 'dir'])('where a file became a %s does not hang', async (kind) => {
    const tree = place.folder(`became-${kind}`);
    const path = join(tree, 'was');
    writeFileSync(path, 'a file');
    const out = join(place.dir, `became-${kind}-manifest`);
    await bakeSigned({ root: tree, out, key: keys.key });
    rmSync(path);
    if (kind === 'fifo') spawnSync('mkfifo', [path]);
    if (kind === 'socket') makeSocket(path);
    if (kind === 'symlink') symlinkSync('/dev/zero', path);
    if (kind === 'dir') mkdirSync(path);

    const { code, report } = await verify({ root: tree, manifest: out, pub: keys.pub, timeoutMs: 30_000 });

    expect(brief(report)).toEqual(['modified file /was [type] medium']);
    expect(report.findings[0]?.expected['type']).toBe('file');
    expect(report.findings[0]?.actual['type']).toBe(kind);
    expect(code).toBe(1);
  });

  it('that turns a directory into a link loses what was in it, and nothing outside is read', async () => {
    const tree = place.folder('linked');
    mkdirSync(join(tree, 'dir'));
    writeFileSync(join(tree, 'dir/inside'), 'x');
    const out = join(place.dir, 'linked-manifest');
    await bakeSigned({ root: tree, out, key: keys.key });
    const outside = place.folder('outside');
    writeFileSync(join(outside, 'inside'), 'x');
    rmSync(join(tree, 'dir'), { recursive: true });
    symlinkSync(outside, join(tree, 'dir'));

    const { report } = await verify({ root: tree, manifest: out, pub: keys.pub });

    expect(brief(report)).toEqual([
      'modified file /dir [type] medium',
      'removed file /dir/inside [content,gid,mode,size,type,uid] medium',
    ]);
  });

  it('has a package database that cannot lead outside', async () => {
    const tree = place.folder('dpkg');
    const outside = place.folder('dpkg-outside');
    const paragraph = 'Package: outside\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n';
    writeFileSync(join(outside, 'status'), paragraph);
    mkdirSync(join(tree, 'var/lib'), { recursive: true });
    symlinkSync(outside, join(tree, 'var/lib/dpkg'));
    const out = join(place.dir, 'dpkg-manifest');

    const viaDirectory = await bake({ root: tree, out, key: keys.key });
    const packagesOf = () => (existsSync(out) ? readEntries(out).filter(({ subject }) => subject === 'package') : []);
    expect([0, 3]).toContain(viaDirectory.code);
    expect(packagesOf()).toEqual([]);

    rmSync(join(tree, 'var/lib/dpkg'));
    mkdirSync(join(tree, 'var/lib/dpkg'));
    symlinkSync(join(outside, 'status'), join(tree, 'var/lib/dpkg/status'));
    const viaFile = await bake({ root: tree, out, key: keys.key });
    expect([0, 3]).toContain(viaFile.code);
    expect(packagesOf()).toEqual([]);
  });

  it('given as the root by a link or with slashes is the same tree', async () => {
    const link = join(place.dir, 'root-link');
    symlinkSync(root, link);

    const viaLink = await verify({ root: `${link}/`, manifest, pub: keys.pub });
    const viaSlashes = await verify({ root: `${root}//`, manifest, pub: keys.pub });
    const relative = await verify({ root: 'root', manifest, pub: keys.pub, cwd: place.dir });

    expect([viaLink.code, viaSlashes.code, relative.code]).toEqual([0, 0, 0]);
  });

  it('that is no directory, or not there, is neither clean nor drifted', async () => {
    for (const bad of [join(place.dir, 'absent'), join(place.dir, 'k.pub')]) {
      const run = await pristine(['verify', '--root', bad, '--manifest', manifest, '--pub', keys.pub]);
      expect([2, 3], bad).toContain(run.code);
    }
  });
});
