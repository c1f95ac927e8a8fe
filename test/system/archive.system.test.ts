import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensurePrograms } from '../../packaging/apt.ts';
import { debianRoot } from '../support/debian-root.ts';
import { entriesText, readEntries, sha256 } from '../support/manifest-oracle.ts';
import { bake, bakeSigned, brief, verify } from '../support/pristine-cli.ts';
import { isRoot } from '../support/scratch.ts';
import { aWorkbench } from '../support/workbench.ts';

// Two layers of a real Debian, put together by hand and unpacked by umoci: what is baked of the image in each of the forms
// that others write it must be what is baked of the directory, line by line.
describe.skipIf(!isRoot)('an image that is not unpacked (needs root)', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();
  let unpacked: string;
  let expected: string;
  const at = (path: string) => join(place.dir, path);
  const run = (program: string, ...args: readonly string[]) =>
    execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 28 });
  const sh = (script: string) => run('sh', '-ec', script);
  const tar = ['tar', '--xattrs', "--xattrs-include='*'", '--acls', '--numeric-owner'].join(' ');

  beforeAll(async () => {
    const programs = { skopeo: 'skopeo', umoci: 'umoci', setcap: 'libcap2-bin', setfattr: 'attr', setfacl: 'acl' };
    expect(await ensurePrograms(programs)).toBe(true);
    makeSecondLayer();
    run('umoci', 'init', '--layout', at('layout'));
    run('umoci', 'new', '--image', `${at('layout')}:web`);
    sh(`${tar} -C ${debianRoot()} -cf ${at('base.tar')} .`);
    for (const layer of ['base.tar', 'second.tar']) {
      run('umoci', 'raw', 'add-layer', '--image', `${at('layout')}:web`, at(layer));
    }
    run('umoci', 'gc', '--layout', at('layout'));
    run('umoci', 'unpack', '--image', `${at('layout')}:web`, at('bundle'));
    unpacked = at('bundle/rootfs');
    await bakeSigned({ root: unpacked, out: at('manifest'), key: keys.key });
    expected = entriesText(at('manifest')).toString('latin1');
  });

  /** All that can be in a layer, and whiteouts of each kind; the opaque mark stands last in its directory. */
  function makeSecondLayer(): void {
    const dir = place.folder('second');
    sh(`
      cd ${dir}
      mkdir -p usr/bin etc/apt usr/share/doc/bash dev opt var/lib/dpkg
      cp ${debianRoot()}/usr/bin/true usr/bin/ping && setcap cap_net_raw=ep usr/bin/ping
      ln usr/bin/ping usr/bin/ping6
      echo new > etc/apt/new.list && : > etc/apt/.wh..wh..opq
      chmod 0700 etc/apt && chown 7:8 etc/apt
      : > usr/share/doc/bash/.wh.copyright
      : > usr/share/doc/.wh.dash
      setfattr -n user.note -v "$(printf 'a\\nb')" etc/apt/new.list
      setfacl -m u:1000:r etc/apt/new.list && setfacl -d -m g:50:rwx opt
      mknod dev/thing c 1 11 && mkfifo opt/pipe
      printf x > "opt/$(printf 'bad\\377\\033[2J\\nname')"
      printf x > opt/${'n'.repeat(200)} && ln -s ../${'t'.repeat(180)} opt/long-link
      truncate -s 3M opt/sparse && printf middle | dd of=opt/sparse bs=1 seek=1048576 conv=notrunc status=none
      { cat ${debianRoot()}/var/lib/dpkg/status; printf 'Package: late\\nStatus: install ok installed\\nArchitecture: all\\nVersion: 1\\nMaintainer: n\\nDescription: d\\n\\n'; } > var/lib/dpkg/status
      { printf 'etc/apt\\0etc/apt/new.list\\0etc/apt/.wh..wh..opq\\0'; find usr opt dev var -print0 | sort -z; } |
        ${tar} -S --null --no-recursion -T - -cf ${at('second.tar')}
    `);
  }

  const linesOf = async (root: string) => {
    const out = at('m-archive');
    const run = await bake({ root, out, key: keys.key });
    expect(run.stderr.replace(/.*\r/g, '')).toBe('');
    expect(run.code).toBe(0);
    return entriesText(out).toString('latin1');
  };
  /** Where two lists of lines part: the whole of both would be megabytes. */
  const difference = (got: string) => {
    const [ours, theirs] = [got.split('\n'), expected.split('\n')];
    const [inOurs, inTheirs] = [new Set(ours), new Set(theirs)];
    return [
      ...ours.filter((line) => !inTheirs.has(line)).map((line) => `+ ${line}`),
      ...theirs.filter((line) => !inOurs.has(line)).map((line) => `- ${line}`),
    ].slice(0, 20);
  };

  it('holds what the layers say', () => {
    const of = (name: string) => readEntries(at('manifest')).find((entry) => entry.name === name);

    expect(of('/etc/apt/new.list')).toMatchObject({ xattrs: { 'user.note': 'a\\x0ab' }, acl: expect.anything() });
    expect(of('/etc/apt/sources.list')).toBeUndefined();
    expect(of('/etc/apt')).toMatchObject({ mode: '0700', uid: 7, gid: 8 });
    expect(of('/usr/share/doc/bash')).toBeDefined();
    expect(of('/usr/share/doc/bash/copyright')).toBeUndefined();
    expect(of('/usr/share/doc/dash')).toBeUndefined();
    expect(of('/usr/bin/ping6')).toMatchObject({ capabilities: 'cap_net_raw=ep' });
    expect(of('/opt/bad\\xff\\x1b[2J\\x0aname')).toBeDefined();
    expect(of('/opt/sparse')).toMatchObject({ size: '3145728' });
    expect(of('/dev/thing')).toMatchObject({ rdev: '1:11' });
    expect(
      readEntries(at('manifest')).find(({ subject, name }) => subject === 'package' && name === 'late:all'),
    ).toBeDefined();
  });

  it.each([
    ['an OCI layout', (to: string) => sh(`cp -a ${at('layout')} ${to}`)],
    ['an OCI archive', (to: string) => sh(`tar -C ${at('layout')} -cf ${to} .`)],
    ['an OCI archive of skopeo', (to: string) => skopeo(`oci-archive:${to}`)],
    ['an OCI archive, compressed', (to: string) => sh(`tar -C ${at('layout')} -czf ${to} .`)],
    ['a docker archive', (to: string) => skopeo(`docker-archive:${to}:web:7`)],
    ['an OCI layout with zstd', (to: string) => skopeo(`oci:${to}:web`, '--dest-compress-format', 'zstd')],
    ['a root tar', (to: string) => sh(`${tar} -C ${unpacked} -cf ${to} .`)],
    [
      'a root tar with names that begin with a slash',
      (to: string) => sh(`${tar} -P --transform 's,^[.]/,/,rh' -C ${unpacked} -cf ${to} .`),
    ],
    ['a root tar, gzip', (to: string) => sh(`${tar} -C ${unpacked} -czf ${to} .`)],
    ['a root tar, zstd', (to: string) => sh(`${tar} -C ${unpacked} -c . | zstd -q -T2 > ${to}`)],
    ['a root tar with sparse files', (to: string) => sh(`${tar} -S -C ${unpacked} -cf ${to} .`)],
    [
      'a root tar with sparse files as they once were',
      (to: string) => sh(`${tar} -S --sparse-version=0.1 -C ${unpacked} -cf ${to} .`),
    ],
  ])('%s bakes as the unpacked image does', async (name, make) => {
    const image = at(`image-${sha256(name).slice(0, 8)}`);
    make(image);

    expect(difference(await linesOf(image))).toEqual([]);
    const { code, report } = await verify({ root: image, manifest: at('manifest'), pub: keys.pub });
    expect({ code, told: brief(report), root: report.root }).toEqual({ code: 0, told: [], root: image });
    run('rm', '-rf', image);
  });

  function skopeo(to: string, ...options: readonly string[]): string {
    return run('skopeo', 'copy', '--quiet', '--insecure-policy', ...options, `oci:${at('layout')}:web`, to);
  }

  it('verifies as changed by exactly what was changed', async () => {
    const other = place.folder('other');
    sh(`cp -a ${unpacked} ${other}/root && cd ${other}/root && echo evil >> etc/passwd && rm usr/bin/ping6
      chmod u+s usr/bin/env && tar --xattrs --xattrs-include='*' --acls --numeric-owner -czf ${at('other.tgz')} .`);

    const fromDirectory = await verify({ root: join(other, 'root'), manifest: at('manifest'), pub: keys.pub });
    const fromArchive = await verify({ root: at('other.tgz'), manifest: at('manifest'), pub: keys.pub });

    const told = brief(fromArchive.report)
      .filter((line) => line.includes(' file '))
      .map((line) => (line.startsWith('removed') ? line.replace(/ \[.*\]/, '') : line));
    expect(fromArchive.code).toBe(1);
    expect(brief(fromArchive.report)).toEqual(brief(fromDirectory.report));
    expect(fromArchive.report.packages).toEqual(fromDirectory.report.packages);
    expect(told).toEqual([
      'modified file /etc/passwd [content,size] high',
      'modified file /usr/bin/env [mode] critical',
      'removed file /usr/bin/ping6 medium',
    ]);
  });

  it.each([
    ['cut short', (file: string) => truncateSync(file, 40_000_000), 'ARCHIVE'],
    ['not an archive', (file: string) => writeFileSync(file, 'x'.repeat(2_000)), 'ARCHIVE'],
    ['empty', (file: string) => writeFileSync(file, ''), 'ARCHIVE'],
  ])('leaves nothing behind where the tar is %s', async (_, spoil, code) => {
    run('cp', at('base.tar'), at('spoilt.tar'));
    spoil(at('spoilt.tar'));

    const result = await bake({ root: at('spoilt.tar'), out: at('nothing'), key: keys.key });

    expect({ code: result.code, told: result.stderr.includes(`pristine: ${code}: `) }).toEqual({ code: 3, told: true });
    expect(sh(`ls -A ${place.dir} | grep -c nothing || :`).trim()).toBe('0');
  });

  it('refuses a layer that is not the one its digest names', async () => {
    sh(`cp -a ${at('layout')} ${at('forged')}`);
    const { manifests } = JSON.parse(readFileSync(at('forged/index.json'), 'utf8'));
    const blob = (digest: string) => at(`forged/blobs/${digest.replace(':', '/')}`);
    const { layers } = JSON.parse(readFileSync(blob(manifests[0].digest), 'utf8'));
    sh(
      `gunzip -c ${blob(layers[1].digest)} | gzip -1n > ${at('again')} && cp ${at('again')} ${blob(layers[1].digest)}`,
    );

    const { code, report } = await verify({ root: at('forged'), manifest: at('manifest'), pub: keys.pub });

    expect({ code, error: report.error?.code }).toEqual({ code: 3, error: 'DIGEST' });
  });
});
