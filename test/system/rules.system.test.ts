import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bakeSigned, brief, verify } from '../support/pristine-cli.ts';
import { isRoot } from '../support/scratch.ts';
import { aWorkbench } from '../support/workbench.ts';

const asFile = 'content,gid,mode,size,type,uid';

describe('rules and guards', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();

  let trees = 0;

  /** What verify says of a tree with these files after `change`, under `config`. */
  async function judge(options: {
    files?: Record<string, string>;
    config?: string;
    change: (root: string) => void;
  }): Promise<Awaited<ReturnType<typeof verify>>> {
    trees += 1;
    const root = place.folder(`root-${trees}`);
    for (const dir of [
      'tmp',
      'var/tmp',
      'var/log',
      'var/cache',
      'var/lib/pristine',
      'run',
      'etc/ssh',
      'srv/cache',
      'opt',
    ])
      mkdirSync(join(root, dir), { recursive: true });
    for (const [name, text] of Object.entries(options.files ?? {})) put(root, name, text);
    const config = options.config ? join(place.dir, `config-${trees}.yaml`) : undefined;
    if (config) writeFileSync(config, options.config!);
    const manifest = join(place.dir, `manifest-${trees}`);
    await bakeSigned({ root, out: manifest, key: keys.key, config });
    options.change(root);
    return verify({ root, manifest, pub: keys.pub });
  }

  it('let ordinary files come, change and go in ephemeral places', async () => {
    const { code, report } = await judge({
      files: { 'var/log/old': 'old', 'var/cache/kept': 'kept', 'var/lib/pristine/boot': '1' },
      change: (root) => {
        rmSync(join(root, 'var/log/old'));
        put(root, 'var/cache/kept', 'changed');
        chmodSync(join(root, 'var/cache/kept'), 0o600);
        put(root, 'var/lib/pristine/boot', '2');
        put(root, 'var/lib/pristine/spool/1.json', '{}');
        put(root, 'tmp/new', 'x');
        put(root, 'run/pid', '1');
        symlinkSync('/etc/shadow', join(root, 'var/tmp/link'));
        execFileSync('mkfifo', [join(root, 'run/initctl')]);
      },
    });

    expect(report.findings).toEqual([]);
    expect(code).toBe(0);
  });

  it.each(['tmp', 'var/tmp', 'var/log', 'var/cache', 'var/lib/pristine', 'run'])(
    'find new executables and setuid files in /%s',
    async (place) => {
      const { code, report } = await judge({
        change: (root) => {
          put(root, `${place}/tool`, '#!/bin/sh\n', 0o755);
          put(root, `${place}/for-group`, '#!/bin/sh\n', 0o654);
          put(root, `${place}/setuid`, '#!/bin/sh\n', 0o4755);
          put(root, `${place}/setgid`, '#!/bin/sh\n', 0o2750);
          put(root, `${place}/setuid-without-x`, 'x', 0o4644);
        },
      });

      expect(brief(report)).toEqual([
        `added file /${place}/for-group [${asFile}] medium`,
        `added file /${place}/setgid [${asFile}] critical`,
        `added file /${place}/setuid [${asFile}] critical`,
        `added file /${place}/setuid-without-x [${asFile}] critical`,
        `added file /${place}/tool [${asFile}] medium`,
      ]);
      expect(code).toBe(1);
    },
  );

  it('find a file that became executable, or an executable that changed, in an ephemeral place', async () => {
    const { report } = await judge({
      files: { 'var/log/data': 'data', 'var/log/same': 'same', 'tmp/tool': 'tool' },
      change: (root) => {
        chmodSync(join(root, 'var/log/data'), 0o755);
      },
    });

    expect(report.findings.map(({ name, severity }) => [name, severity])).toEqual([['/var/log/data', 'medium']]);
  });

  it.skipIf(!isRoot)('find devices wherever they appear (needs root)', async () => {
    const { code, report } = await judge({
      change: (root) => {
        execFileSync('mknod', [join(root, 'var/log/null'), 'c', '1', '3']);
        execFileSync('mknod', [join(root, 'tmp/disk'), 'b', '8', '0']);
        execFileSync('mknod', [join(root, 'opt/mem'), 'c', '1', '1']);
      },
    });

    expect(brief(report)).toEqual([
      'added file /opt/mem [gid,mode,rdev,type,uid] high',
      'added file /tmp/disk [gid,mode,rdev,type,uid] high',
      'added file /var/log/null [gid,mode,rdev,type,uid] high',
    ]);
    expect(code).toBe(1);
  });

  it.skipIf(!isRoot)('find a device that has become another (needs root)', async () => {
    trees += 1;
    const root = place.folder(`root-${trees}`);
    mkdirSync(join(root, 'dev'));
    execFileSync('mknod', [join(root, 'dev/null'), 'c', '1', '3']);
    const manifest = join(place.dir, `manifest-${trees}`);
    await bakeSigned({ root, out: manifest, key: keys.key });
    rmSync(join(root, 'dev/null'));
    execFileSync('mknod', [join(root, 'dev/null'), 'c', '1', '1']);

    const { report } = await verify({ root, manifest, pub: keys.pub });

    expect(brief(report)).toEqual(['modified file /dev/null [rdev] high']);
  });

  it('leave the content of per-instance files free, and nothing else of them', async () => {
    const { code, report } = await judge({
      files: { 'etc/hostname': 'image', 'etc/hosts': 'image', 'etc/mtab': 'image', 'etc/resolv.conf': 'image' },
      change: (root) => {
        put(root, 'etc/hostname', 'web-1.example.com');
        chmodSync(join(root, 'etc/hosts'), 0o666);
        rmSync(join(root, 'etc/mtab'));
        rmSync(join(root, 'etc/resolv.conf'));
        symlinkSync('../run/resolv.conf', join(root, 'etc/resolv.conf'));
        put(root, 'etc/machine-id', 'abc', 0o444);
        put(root, 'etc/ssh/ssh_host_ed25519_key', 'secret', 0o600);
        put(root, 'etc/ssh/ssh_host_rsa_key', 'secret', 0o700);
        symlinkSync('/tmp/cache', join(root, 'etc/ld.so.cache'));
      },
    });

    const found = report.findings.map(({ change, name, attributes }) =>
      change === 'modified' ? `${change} ${name} ${attributes}` : `${change} ${name}`,
    );
    expect(found.toSorted()).toEqual([
      'added /etc/ld.so.cache',
      'added /etc/ssh/ssh_host_rsa_key',
      'modified /etc/hosts mode',
      'modified /etc/resolv.conf type',
      'removed /etc/mtab',
    ]);
    expect(code).toBe(1);
  });

  it('do not look at what is ignored, and say so in the coverage', async () => {
    const { code, report } = await judge({
      files: { 'srv/cache/a': 'a', 'srv/cache/keep/b': 'b' },
      config: `rules:
  - {match: /srv/cache/keep/**, as: immutable, severity: high}
  - {match: [/srv/cache/**], as: ignored, reason: rebuilt by the application}
`,
      change: (root) => {
        put(root, 'srv/cache/a', 'changed');
        put(root, 'srv/cache/new', 'new');
        put(root, 'srv/cache/keep/b', 'changed');
      },
    });

    expect(brief(report)).toEqual(['modified file /srv/cache/keep/b [content,size] high']);
    const skip = report.coverage.skipped.filter(({ name }) => name.startsWith('/srv/cache'));
    expect(skip.length).toBeGreaterThan(0);
    expect(skip.every(({ rule }) => rule.includes('rebuilt by the application'))).toBe(true);
    expect(code).toBe(1);
  });

  it('keep the first match, top to bottom', async () => {
    const { report } = await judge({
      files: { 'opt/a': 'a', 'opt/b': 'b', 'opt/c': 'c' },
      config: `rules:
  - {match: /opt/a, as: immutable, severity: critical}
  - {match: /opt/?, as: immutable, severity: info}
  - {match: /opt/**, as: immutable, severity: high}
`,
      change: (root) => {
        for (const name of ['a', 'b']) put(root, `opt/${name}`, 'changed');
        put(root, 'opt/dd', 'new');
      },
    });

    expect(brief(report)).toEqual([
      `added file /opt/dd [${asFile}] high`,
      'modified file /opt/a [content,size] critical',
      'modified file /opt/b [content,size] info',
    ]);
  });

  it('with severity info neither drift nor fail', async () => {
    const { code, report } = await judge({
      files: { 'opt/a': 'a' },
      config: 'rules: [{match: /opt/**, as: immutable, severity: info}]',
      change: (root) => put(root, 'opt/a', 'changed'),
    });

    expect(brief(report)).toEqual(['modified file /opt/a [content,size] info']);
    expect(report.verdict).toBe('in_sync');
    expect(code).toBe(0);
  });

  it('cannot silence a guard by severity or by treatment', async () => {
    const { report } = await judge({
      config: 'rules: [{match: /opt/a, as: immutable, severity: info}, {match: /opt/b, as: per-instance}]',
      change: (root) => {
        put(root, 'opt/a', 'x', 0o4755);
        put(root, 'opt/b', 'x', 0o4755);
      },
    });

    expect(brief(report)).toEqual([`added file /opt/a [${asFile}] critical`, `added file /opt/b [${asFile}] critical`]);
  });

  it('silence a guard by its name and a reason, which the coverage shows', async () => {
    const { report } = await judge({
      config: 'rules: [{match: /opt/su, as: immutable, severity: low, override: setuid, reason: our own su}]',
      change: (root) => {
        put(root, 'opt/su', 'x', 0o4755);
        put(root, 'opt/other', 'x', 0o4755);
      },
    });

    expect(brief(report)).toEqual([`added file /opt/other [${asFile}] critical`, `added file /opt/su [${asFile}] low`]);
    const shown = report.coverage.skipped.filter(({ name }) => name === '/opt/su');
    expect(shown).toHaveLength(1);
    expect(shown[0]?.rule).toContain('setuid');
    expect(shown[0]?.rule).toContain('our own su');
  });

  it('match bytes, dotfiles included; /x/** is not /x', async () => {
    const { report } = await judge({
      files: { 'opt/.hidden': 'x', 'opt/é': 'x', 'opt/[a]': 'x', 'opt/deep/.a/b': 'x' },
      config: `rules:
  - {match: ["/opt/*", "/opt/**/b"], as: immutable, severity: low}
  - {match: /opt/**, as: immutable, severity: high}
  - {match: /srv/**, as: immutable, severity: critical}
`,
      change: (root) => {
        for (const name of ['.hidden', 'é', '[a]', 'deep/.a/b']) put(root, `opt/${name}`, 'changed');
        chmodSync(join(root, 'srv'), 0o700);
        chmodSync(join(root, 'opt'), 0o700);
        chmodSync(join(root, 'opt/deep/.a'), 0o700);
      },
    });

    expect(brief(report)).toEqual([
      'modified file /opt [mode] medium',
      'modified file /opt/.hidden [content,size] low',
      'modified file /opt/[a] [content,size] low',
      'modified file /opt/deep/.a [mode] high',
      'modified file /opt/deep/.a/b [content,size] low',
      'modified file /opt/é [content,size] low',
      'modified file /srv [mode] medium',
    ]);
  });

  it('match in linear time', async () => {
    const name = 'a'.repeat(250);
    const { report, code } = await judge({
      files: { [`opt/${name}`]: 'x' },
      config: `rules: [{match: "/opt/${'*a'.repeat(60)}b", as: immutable, severity: low}, {match: "${'/**/a'.repeat(100)}", as: immutable}]`,
      change: (root) => put(root, `opt/${name}`, 'changed'),
    });

    expect(brief(report)).toEqual([`modified file /opt/${name} [content,size] medium`]);
    expect(code).toBe(1);
  });
});

function put(root: string, name: string, text: string, mode = 0o644): void {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}
