import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensurePrograms } from '../../packaging/apt.ts';
import { readEntries, readStatement } from '../support/manifest-oracle.ts';
import { bakeSigned, brief, verify } from '../support/pristine-cli.ts';
import { isRoot } from '../support/scratch.ts';
import { aWorkbench } from '../support/workbench.ts';

// Every attribute as the tools of its owners set and read it: setfattr, setcap, setfacl, chattr.
describe.skipIf(!isRoot)('attributes beyond mode and owner (needs root)', { timeout: 120_000 }, () => {
  const { place, keys } = aWorkbench();
  let root: string;
  let manifest: string;
  const at = (path: string) => join(root, path);
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: 'utf8' });

  beforeAll(async () => {
    const programs = {
      setfattr: 'attr',
      setfacl: 'acl',
      setcap: 'libcap2-bin',
      chattr: 'e2fsprogs',
      'mkfs.ext4': 'e2fsprogs',
    };
    expect(await ensurePrograms(programs)).toBe(true);
    // A filesystem of our own: what /tmp lies on may know none of these.
    const image = join(place.dir, 'ext4.img');
    run('truncate', '-s', '64M', image);
    run('mkfs.ext4', '-q', image);
    root = join(place.dir, 'root');
    place.mount(['-o', 'loop', image], root);
    for (const dir of ['bin', 'etc', 'shared']) mkdirSync(at(dir));
    for (const file of ['etc/plain', 'etc/acl', 'etc/flags', 'etc/label', 'etc/log']) writeFileSync(at(file), 'x');
    copyFileSync('/bin/true', at('bin/ping'));
    symlinkSync('plain', at('etc/link'));
    run('setcap', 'cap_net_raw=ep', at('bin/ping'));
    run('setfacl', '-m', 'u:1000:r', at('etc/acl'));
    run('setfacl', '-d', '-m', 'g:50:rwx', at('shared'));
    run('setfattr', '-n', 'user.note', '-v', 'a\\012b', at('etc/plain'));
    run('setfattr', '-h', '-n', 'security.thing', '-v', 'on a link', at('etc/link'));
    run('setfattr', '-h', '-n', 'trusted.secret', '-v', '1', at('etc/plain'));
    run('chattr', '+i', at('etc/flags'));
    run('chattr', '+a', at('etc/log'));
    manifest = join(place.dir, 'manifest');
    await bakeSigned({ root, out: manifest, key: keys.key });
  }, 120_000);
  afterAll(() => {
    if (manifest !== undefined) run('chattr', '-ia', at('etc/flags'), at('etc/log'));
  });

  const checked = async () => {
    const { code, report } = await verify({ root, manifest, pub: keys.pub });
    return { code, told: brief(report), findings: report.findings, holes: report.coverage.holes };
  };
  /** Makes one change, tells what is found, and takes it back. */
  const after = async (change: readonly string[], undo: readonly string[]) => {
    run(change[0]!, ...change.slice(1));
    const result = await checked();
    run(undo[0]!, ...undo.slice(1));
    return result;
  };

  it('are baked, each under its name', () => {
    const of = (name: string) => {
      const {
        subject: _s,
        name: _n,
        type: _t,
        mode: _m,
        uid: _u,
        gid: _g,
        size: _z,
        content: _c,
        target: _x,
        ...rest
      } = readEntries(manifest).find((entry) => entry.name === name)!;
      return rest;
    };

    expect(of('/bin/ping')).toEqual({ capabilities: run('getcap', at('bin/ping')).trim().split(' ').at(-1) });
    expect(of('/etc/acl')).toEqual({ acl: 'user::rw-,user:1000:r--,group::r--,mask::r--,other::r--' });
    expect(of('/shared')['acl']).toBe(
      'default:user::rwx,default:group::r-x,default:group:50:rwx,default:mask::rwx,default:other::r-x'.replace(
        /,default:/g,
        ',',
      ),
    );
    expect(of('/etc/plain')).toEqual({ xattrs: { 'user.note': 'a\\x0ab' } });
    expect(of('/etc/link')).toEqual({ xattrs: { 'security.thing': 'on a link' } });
    expect(of('/etc/flags')).toEqual({ flags: 'immutable' });
    expect(of('/etc/log')).toEqual({ flags: 'append' });
    expect(readStatement(manifest).predicate.scheme.attributes.file).not.toContain('selinux');
  });

  it('find nothing where nothing has changed', async () => {
    expect(await checked()).toMatchObject({ code: 0, told: [], holes: [] });
  });

  it.each([
    [
      'a capability added',
      'setcap cap_sys_admin=ep ROOT/etc/plain',
      'setcap -r ROOT/etc/plain',
      'modified file /etc/plain [capabilities] critical',
    ],
    [
      'a capability widened',
      'setcap cap_net_raw,cap_setuid=ep ROOT/bin/ping',
      'setcap cap_net_raw=ep ROOT/bin/ping',
      'modified file /bin/ping [capabilities] critical',
    ],
    [
      'an ACL that lets somebody write',
      'setfacl -m u:1001:rw ROOT/etc/acl',
      'setfacl -x u:1001 ROOT/etc/acl',
      'modified file /etc/acl [acl,mode] medium',
    ],
    [
      'an inherited ACL taken away',
      'setfacl -k ROOT/shared',
      'setfacl -d -m g:50:rwx ROOT/shared',
      'modified file /shared [acl] medium',
    ],
    [
      'an attribute changed',
      'setfattr -n user.note -v other ROOT/etc/plain',
      'setfattr -n user.note -v a\\012b ROOT/etc/plain',
      'modified file /etc/plain [xattrs] medium',
    ],
    [
      'one on a link changed',
      'setfattr -h -n security.thing -v b ROOT/etc/link',
      'setfattr -h -n security.thing -v on\u00a0a\u00a0link ROOT/etc/link',
      'modified file /etc/link [xattrs] medium',
    ],
    [
      'the immutable flag taken away',
      'chattr -i ROOT/etc/flags',
      'chattr +i ROOT/etc/flags',
      'modified file /etc/flags [flags] medium',
    ],
    [
      'the append-only flag taken away',
      'chattr -a ROOT/etc/log',
      'chattr +a ROOT/etc/log',
      'modified file /etc/log [flags] medium',
    ],
  ])('tell of %s, and of nothing else', async (_what, change, undo, told) => {
    const words = (line: string) => line.split(' ').map((word) => word.replace('ROOT', root).replaceAll('\u00a0', ' '));

    const result = await after(words(change), words(undo));

    expect(result).toMatchObject({ code: 1, told: [told], holes: [] });
    expect(await checked()).toMatchObject({ code: 0, told: [] });
  });

  it('compare labels where the bake had some, and only then', async () => {
    const label = ['setfattr', '-n', 'security.selinux', '-v', 'system_u:object_r:etc_t:s0', at('etc/label')];
    const unlabelled = await after(label, ['true']);
    const labelled = join(place.dir, 'labelled');
    await bakeSigned({ root, out: labelled, key: keys.key });
    run('setfattr', '-n', 'security.selinux', '-v', 'system_u:object_r:tmp_t:s0', at('etc/label'));

    const { report } = await verify({ root, manifest: labelled, pub: keys.pub });
    run('setfattr', '-x', 'security.selinux', at('etc/label'));

    expect(unlabelled).toMatchObject({ code: 0, told: [] });
    expect(readStatement(labelled).predicate.scheme.attributes.file).toContain('selinux');
    expect(brief(report)).toEqual(['modified file /etc/label [selinux] medium']);
    expect(report.findings[0]).toMatchObject({ expected: { selinux: 'etc_t' }, actual: { selinux: 'tmp_t' } });
  });
});
