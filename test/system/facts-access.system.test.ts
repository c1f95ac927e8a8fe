import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorizedKeys } from '../../agent/collect/facts/authorized-keys.ts';
import { caCertificates } from '../../agent/collect/facts/ca-certificates.ts';
import { type Collector, collectFacts } from '../../agent/collect/facts/collector.ts';
import { groups } from '../../agent/collect/facts/groups.ts';
import { libraryPaths } from '../../agent/collect/facts/library-paths.ts';
import { pam } from '../../agent/collect/facts/pam.ts';
import { preloads } from '../../agent/collect/facts/preloads.ts';
import { sudoers } from '../../agent/collect/facts/sudoers.ts';
import { users } from '../../agent/collect/facts/users.ts';
import { directoryRoot } from '../../agent/collect/root.ts';
import type { FactOf, FactSubject } from '../../shared/fact.ts';
import { debianRoot } from '../support/debian-root.ts';
import { bakeSigned, keygen, pristine } from '../support/pristine-cli.ts';
import { isRoot, type Scratch, scratch } from '../support/scratch.ts';

/** What is read as meaning, against the programs that act on it, in a real Debian. */
describe.skipIf(!isRoot)('who may do what (needs root)', () => {
  let place: Scratch;
  let root: string;

  beforeAll(() => {
    place = scratch();
    root = place.overlay(debianRoot({ include: ['ca-certificates', 'openssh-server', 'sudo'] }), 'root');
    place.mount(['-t', 'tmpfs', 'tmpfs'], join(root, 'tmp'));
  });
  afterAll(() => place?.remove());

  const at = (path: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    return join(root, path);
  };
  const put = (path: string, text: string) => writeFileSync(at(path), text, 'latin1');
  const add = (path: string, text: string) => appendFileSync(at(path), text, 'latin1');
  const inRoot = (...command: readonly string[]) =>
    execFileSync('chroot', [root, ...command], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = (text: string) => text.split('\n').filter((line) => line !== '');

  function facts<S extends FactSubject>(collector: Collector<S>): readonly FactOf<S>[] {
    const { entries, holes } = collectFacts(directoryRoot(root), 'debian 12', [collector as unknown as Collector]);
    expect(holes).toEqual([]);
    return entries as readonly unknown[] as readonly FactOf<S>[];
  }

  it('are the users and groups that getent and passwd know', () => {
    add(
      'etc/passwd',
      'bare:x:0:0\n  led:x: 1001:+1001::/home/led:/bin/sh\nmore:x:01002:1002:,,,:/home/more:/bin/sh\nlong:x:0:0::/:/bin/sh:x\nopen::1003:1003::/:\nno uid\n# off:x:0:0::/:\nfree:x:1004:1004:::',
    );
    add('etc/shadow', `led:$6$salt$hash:1::::::\nmore:!$6$salt$hash:1::::::\nfree::1::::::\nbare:*:1::::::\n`);
    add('etc/group', 'wheel:x:1001:led, more,,bare\n+:::\nlast:x:1002');

    const known = facts(users).filter(({ uid }) => uid !== undefined);
    const rows = known.map(({ name, uid, gid, home, shell }) => [name, uid, gid, home, shell].join(':')).sort();
    const states = { none: 'NP', locked: 'L', set: 'P', absent: '' } as const;

    expect(rows).toEqual(
      lines(inRoot('getent', 'passwd'))
        .map((line) => line.split(':'))
        .map(([name, , uid, gid, , home, shell]) => [name, uid, gid, home, shell].join(':'))
        .sort(),
    );
    for (const name of ['root', 'daemon', 'bare', 'led', 'more', 'free']) {
      const password = known.find((user) => user.name === name)!.password as keyof typeof states;
      expect([name, states[password]]).toEqual([name, inRoot('passwd', '-S', name).split(' ')[1]]);
    }
    expect(
      facts(groups)
        .filter(({ gid }) => gid !== undefined)
        .map(({ name, gid, members }) => `${name}:${gid}:${members.join(',')}`)
        .sort(),
    ).toEqual(
      // A line of NIS is a line for us, and an account that is none for getent.
      lines(inRoot('getent', 'group'))
        .filter((line) => line[0] !== '+')
        .map((line) => line.split(':'))
        .map(([name, , gid, members = '']) => `${name}:${gid}:${members.split(',').sort().join(',')}`)
        .sort(),
    );
  });

  it('are the keys that ssh-keygen lists, wherever sshd looks', () => {
    const made = ['ed25519', 'ecdsa', 'rsa'].map((type) => {
      const file = join(place.dir, type);
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', `a "b" ${type}`, '-f', file]);
      return readFileSync(`${file}.pub`, 'utf8').trim();
    });
    put('root/.ssh/authorized_keys', `# c\n\n${made[0]}\r\n command="a \\"b\\" c",no-pty ${made[1]}\nrubbish`);
    put('etc/ssh/keys/root', `cert-authority,principals="x y" ${made[2]}`);
    put('etc/ssh/sshd_config.d/keys.conf', 'Match User nobody\n  AuthorizedKeysFile "/etc/ssh/keys/%u"\n');

    const found = facts(authorizedKeys);

    const listed = ['root/.ssh/authorized_keys', 'etc/ssh/keys/root'].flatMap((file) =>
      lines(execFileSync('ssh-keygen', ['-lf', at(file)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })),
    );
    expect(listed).toHaveLength(3);
    expect(found.filter(({ keyType }) => keyType !== undefined).map(({ name }) => name)).toEqual(
      listed.map((line) => `root ${line.split(' ')[1]}`).sort(),
    );
    expect(found.filter(({ keyType }) => keyType === undefined).map(({ name }) => name)).toEqual([
      'root /root/.ssh/authorized_keys: rubbish',
    ]);
  });

  it('are the rules of sudo, which means the same by them as by the files', () => {
    put(
      'usr/local/etc/more',
      'User_Alias\tADMINS = eve ,\\\n   %wheel : OTHERS=!bob\nADMINS ALL = ( root : ALL ) NOPASSWD : ALL',
    );
    put('etc/sudoers.d/20-x', '#1000 h1,h2=(#0) /bin/a\\ b \\\n  c\\,d, !/bin/e "" # no \\\nbob   ALL=/bin/ls');
    put(
      'etc/sudoers.d/30-y',
      '# c\nDefaults:eve  badpass_message="no  # \\"no\\"",!lecture # c\n@include /usr/local/etc/more\nzed ALL=ALL',
    );
    put('etc/sudoers.d/40.no', 'never ALL=ALL\n');

    const rules = facts(sudoers).map(({ name }) =>
      Buffer.from(name.replaceAll('\\\\', '\\'), 'latin1').toString('latin1'),
    );
    put('tmp/rules', `${rules.filter((rule) => !rule.startsWith('@')).join('\n')}\n`);

    const meaning = (file: string) => {
      const json = JSON.parse(inRoot('cvtsudoers', '-f', 'json', file)) as Record<string, unknown>;
      const sorted = (list: unknown) => (list as unknown[]).map((item) => JSON.stringify(item)).sort();
      return { ...json, Defaults: sorted(json['Defaults']), User_Specs: sorted(json['User_Specs']) };
    };
    expect(meaning('/tmp/rules')).toEqual(meaning('/etc/sudoers'));
    expect(meaning('/tmp/rules').User_Specs.length).toBeGreaterThan(5);
    expect(rules.some((rule) => rule.includes('never'))).toBe(false);
  });

  it('are the certificates that openssl prints, before and after they are put into the bundle', () => {
    const own = join(place.dir, 'own.crt');
    const args = [
      'req',
      '-x509',
      '-newkey',
      'ed25519',
      '-nodes',
      '-days',
      '9',
      '-subj',
      '/CN=own',
      '-keyout',
      '/dev/null',
    ];
    execFileSync('openssl', [...args, '-out', own], { stdio: 'ignore' });
    put('usr/local/share/ca-certificates/own.crt', readFileSync(own, 'latin1'));
    const printed = (file: string) => {
      const [end = '', fingerprint = ''] = lines(
        execFileSync('openssl', ['x509', '-in', file, '-noout', '-enddate', '-fingerprint', '-sha256'], {
          encoding: 'utf8',
        }),
      ).map((line) => line.split('=')[1]!);
      return `SHA256:${fingerprint.replaceAll(':', '').toLowerCase()} ${new Date(end).toISOString()}`;
    };
    const shipped = readdirSync(at('etc/ssl/certs')).filter((name) => name.endsWith('.pem'));
    const expected = [
      ...shipped.map((name) => printed(at(`usr/share/ca-certificates/mozilla/${name.replace(/pem$/, 'crt')}`))),
      printed(own),
    ].sort();
    const found = () => facts(caCertificates).map(({ name, notAfter }) => `${name} ${notAfter}`);
    const filesOfOwn = () => facts(caCertificates).find(({ subjectName }) => subjectName === 'CN=own')?.files;

    expect(found()).toEqual(expected);
    expect(expected.length).toBeGreaterThan(100);
    expect(filesOfOwn()).toEqual(['/usr/local/share/ca-certificates/own.crt']);

    inRoot('update-ca-certificates');

    expect(found()).toEqual(expected);
    expect(filesOfOwn()).toEqual(['/etc/ssl/certs/ca-certificates.crt']);
  });

  it('are the directories of ldconfig in their order, and the libraries that ld.so loads', () => {
    for (const name of ['opt/a b', 'opt/c', 'opt/d', 'opt/e']) mkdirSync(join(root, name), { recursive: true });
    put('etc/ld.so.conf.d/0.conf', '# c\n/opt/c # c\n  /opt/a b\t\ninclude more/*.x\n');
    put('etc/ld.so.conf.d/more/b.x', '/opt/d');
    put('etc/ld.so.conf.d/more/a.x', '/opt/e');
    put('etc/ld.so.conf.d/none', '/opt/none');

    const [path] = facts(libraryPaths);
    const printed = lines(inRoot('ldconfig', '-v', '-N', '-X')).flatMap(
      (line) => /^(\/.*): \(from \/etc/.exec(line)?.[1] ?? [],
    );
    const there = path!.directories.filter((directory) => printed.includes(directory));

    expect(there).toEqual(printed);
    expect(printed.slice(0, 4)).toEqual(['/opt/c', '/opt/a b', '/opt/e', '/opt/d']);

    put('etc/ld.so.preload', '/x.so:/y.so\t/x.so # /no.so\n\n/z.so');
    const { stderr } = spawnSync('chroot', [root, '/bin/true'], { encoding: 'latin1' });
    const tried = [...stderr.matchAll(/object '([^']*)' from \/etc\/ld\.so\.preload/g)].map(([, name]) => name);

    expect(facts(preloads).map(({ name }) => name)).toEqual([...new Set(tried)].sort());
    put('etc/ld.so.preload', '');
  });

  it('reads as sentences, the same each time', async () => {
    const fresh = place.overlay(debianRoot({ include: ['ca-certificates', 'openssh-server', 'sudo'] }), 'fresh');
    const { key, pub } = await keygen(join(place.dir, 'k'));
    const manifest = join(place.dir, 'manifest');
    await bakeSigned({ root: fresh, out: manifest, key });
    execFileSync('chroot', [fresh, 'useradd', '--no-log-init', '-o', '-u', '0', '-G', 'sudo', 'eve']);
    mkdirSync(join(fresh, 'root/.ssh'), { recursive: true });
    writeFileSync(join(fresh, 'root/.ssh/authorized_keys'), readFileSync(join(place.dir, 'ed25519.pub')));
    writeFileSync(join(fresh, 'etc/sudoers.d/eve'), 'eve ALL=(ALL)   NOPASSWD: ALL');

    const run = await pristine(['verify', '--root', fresh, '--manifest', manifest, '--pub', pub]);

    expect(run.code).toBe(1);
    for (const sentence of [
      'user eve added, uid 0',
      'group sudo changed, members + eve',
      'sudoers rule added: eve ALL=(ALL) NOPASSWD: ALL',
    ]) {
      expect(run.stdout).toContain(sentence);
    }
    expect(run.stdout).toMatch(/key SHA256:\S{43} may log in as root/);

    const all = [authorizedKeys, caCertificates, groups, libraryPaths, pam, preloads, sudoers, users];
    const look = () => JSON.stringify(collectFacts(directoryRoot(fresh), 'debian 12', all));
    expect(look()).toBe(look());
  });
});
