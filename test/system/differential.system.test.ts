import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensurePrograms } from '../../packaging/apt.ts';
import { debianRoot } from '../support/debian-root.ts';
import { aidePeer } from '../support/differential/aide.ts';
import { dpkgPeer } from '../support/differential/dpkg.ts';
import { mtreePeer } from '../support/differential/mtree.ts';
import { operationNames } from '../support/differential/mutations.ts';
import { installAsRpm, rpmPeer } from '../support/differential/rpm.ts';
import { commonPart, type Told } from '../support/differential/told.ts';
import { aWorld, changeAtRandom, disagreementsIn, type Look, type World } from '../support/differential/world.ts';
import { keygen } from '../support/pristine-cli.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { isRoot, type Scratch, scratch } from '../support/scratch.ts';

/*
 * Pristine beside four programs that know the same facts by other code. Compared is, path by path, what both know:
 *
 *              AIDE         mtree        dpkg --verify            rpm -Va
 * added        yes          (1)          no                       no
 * removed      yes          yes          what a package listed    what a package listed
 * type         ftype        type         M, where it has a sum    M, L (2)
 * mode         p            permissions  no                       M
 * uid, gid     u, g         user, gid    no                       U, G
 * size         s (3)        size         no                       S
 * content      sha256       sha256       5 (md5)                  5
 * target       l            link ref     no                       L
 * rdev         no           device       no                       D (none there)
 * capabilities caps         no           no                       P
 * xattrs       xattrs (4)   no           no                       no
 * acl          acl (5)      no           no                       no
 * flags        e2fsattrs(6) no           no                       no
 *
 * (1) of an added directory, not what is in it; (2) M for both, and for what has become a link L; (3) of regular files; (4) without capabilities;
 * (5) with more than the three entries of a mode; (6) immutable and append-only. A change of type is told alone: the
 * attributes of another type are no news. Where the programs themselves see less or other things, a test below says so.
 * Pristine compares neither times nor link counts, inodes and the sizes of directories.
 */
describe.skipIf(!isRoot)('Pristine agrees with others (needs root)', { timeout: 900_000 }, () => {
  const batches = 20;
  const sequencesInBatch = 25;
  const seed = testSeed();
  let place: Scratch;
  let onDebian: World;
  let onRpm: World;

  beforeAll(async () => {
    const programs = {
      aide: 'aide',
      mtree: 'mtree-netbsd',
      rpmbuild: 'rpm',
      setfacl: 'acl',
      setfattr: 'attr',
      setcap: 'libcap2-bin',
      chattr: 'e2fsprogs',
      'mkfs.ext4': 'e2fsprogs',
    };
    expect(await ensurePrograms(programs)).toBe(true);
    place = scratch();
    const keys = await keygen(join(place.dir, 'k'));
    const config = join(place.dir, 'pristine.yaml');
    const rules = [
      '{match: [/var/lib/rpm/*-shm, /var/lib/rpm/*-wal], as: ignored, reason: rpm writes there when it verifies}',
      '{match: [/**], as: immutable, severity: medium}',
    ];
    writeFileSync(config, `rules:\n${rules.map((rule) => `  - ${rule}\n`).join('')}`);
    const debian = debianRoot();
    onDebian = await aWorld({
      place,
      keys,
      config,
      name: 'debian',
      original: debian,
      peersOf: (root, folder) => [aidePeer(root, folder), mtreePeer(root, debian, folder), dpkgPeer(root, debian)],
    });
    const original = installAsRpm(debian, place.folder('rpm-made'));
    onRpm = await aWorld({
      place,
      keys,
      config,
      name: 'rpm',
      original,
      peersOf: (root) => [rpmPeer(root, original)],
    });
  }, 600_000);
  afterAll(() => place?.remove());

  beforeEach(() => {
    onDebian.renew();
    onRpm.renew();
  });

  it('where nothing has changed', async () => {
    for (const world of [onDebian, onRpm]) {
      const { pristine, holes, said } = await world.look();

      expect([...pristine.keys()]).toEqual([]);
      expect(said.flatMap(({ telling }) => [...telling.keys()])).toEqual([]);
      expect(holes).toBe(0);
    }
  });

  it.each(['Debian', 'rpm'])('after each of 500 random sequences of changes of a %s root', async (kind) => {
    const world = kind === 'Debian' ? onDebian : onRpm;
    const random = seededRandom(seed);
    const seen = { sequences: 0, operations: new Set<string>(), compared: new Map<string, number>() };
    for (let batch = 0; batch < batches; batch++) {
      world.renew();
      const sequences = changeAtRandom(world, random, sequencesInBatch);

      const look = await world.look();

      expect(disagreementsIn(look, sequences), `batch ${batch}`).toEqual([]);
      expect(look.holes).toBe(0);
      if (batch === 0) expect(unnoticed(look)).toEqual([]);
      seen.sequences += sequences.length;
      for (const { done } of sequences) for (const line of done) seen.operations.add(line.slice(0, line.indexOf(' /')));
      count(look, seen.compared);
    }

    console.log(
      `${seen.sequences} sequences; compared: ${[...seen.compared].map(([what, n]) => `${what} ${n}`).join(', ')}`,
    );
    expect(seen.sequences).toBeGreaterThanOrEqual(500);
    // Nothing is proven by changes that did not happen, or that nobody but us saw.
    expect([...operationNames].filter((name) => !seen.operations.has(name))).toEqual([]);
    for (const { peer } of (await world.look()).said) expect(seen.compared.get(peer.name)).toBeGreaterThan(200);
  });

  it('but AIDE tells a change of mode as one of the ACL too, and capabilities as attributes too', () => {
    execFileSync('chmod', ['0700', join(onDebian.root, 'usr/share')]);
    execFileSync('setcap', ['cap_net_raw=ep', join(onDebian.root, 'usr/bin/env')]);

    const config = join(place.dir, 'debian/aide.conf');
    const report = JSON.parse(spawnSync('aide', ['--config', config, '--check'], { encoding: 'utf8' }).stdout);

    expect(Object.keys(report.details['/usr/share'])).toEqual(['perm', 'acl']);
    expect(Object.keys(report.details['/usr/bin/env'])).toEqual(['xattrs']);
    expect(report.different_attributes).toEqual({ '/usr/bin/env': '+caps' });
  });

  it('but mtree names an added directory and not what is in it', async () => {
    execFileSync('mkdir', ['-p', join(onDebian.root, 'opt/new/inner')]);

    const { pristine, said } = await onDebian.look();

    expect(pristine).toEqual(
      new Map([
        ['/opt/new', 'added'],
        ['/opt/new/inner', 'added'],
      ]),
    );
    expect(said.find(({ peer }) => peer.name === 'mtree')?.telling).toEqual(new Map([['/opt/new', 'added']]));
  });

  it('but dpkg gives up where a file has become a directory, and waits for ever where it has become a FIFO', () => {
    const verify = () =>
      spawnSync('dpkg', [`--root=${onDebian.root}`, '--verify'], { encoding: 'utf8', timeout: 5_000 });
    const file = join(onDebian.root, 'usr/bin/env');
    rmSync(file);
    execFileSync('mkdir', [file]);
    const atDirectory = verify();
    rmSync(file, { recursive: true });
    execFileSync('mkfifo', [file]);
    const atFifo = verify();

    expect([atDirectory.status, atFifo.status, atFifo.signal]).toEqual([2, null, 'SIGTERM']);
  });

  it('but dpkg and rpm follow a directory that was moved away and linked back, where all is as it should be', async () => {
    const silent = ['dpkg --verify', 'rpm -Va'];
    for (const world of [onDebian, onRpm]) {
      execFileSync('mv', [join(world.root, 'etc/pam.d'), join(world.root, 'etc/elsewhere')]);
      symlinkSync('elsewhere', join(world.root, 'etc/pam.d'));

      const { pristine, said } = await world.look();

      expect(pristine.get('/etc/pam.d')).toEqual(new Set(['type']));
      expect(pristine.get('/etc/pam.d/other')).toBe('removed');
      for (const { peer, telling } of said) {
        const beneath = [...telling.keys()].filter((name) => name.startsWith('/etc/pam.d'));
        if (silent.includes(peer.name)) expect(beneath).toEqual([]);
        else expect(beneath.length).toBeGreaterThan(1);
      }
    }
  });

  it('but rpm tells a new time alone', async () => {
    execFileSync('touch', ['-d', '2001-01-01', join(onRpm.root, 'usr/bin/env')]);

    const { pristine } = await onRpm.look();
    const lines = spawnSync(
      'rpm',
      ['--root', onRpm.root, '--dbpath', '/var/lib/rpm', '--define', '_db_backend sqlite', '-Va', '--nodeps'],
      { encoding: 'utf8' },
    ).stdout;

    expect(lines).toBe('.......T.    /usr/bin/env\n');
    expect(pristine).toEqual(new Map());
  });
});

/**
 * What Pristine could have kept to itself without anybody's disagreeing: findings, and single attributes of them. On an rpm
 * root nobody else knows what no package brought, nor ACLs, attributes and flags; that is left out.
 */
function unnoticed({ pristine, said }: Look): readonly string[] {
  const mayBeAlone = said.length === 1;
  return [...pristine].flatMap(([path, told]) => {
    const isKnown = said.some(({ peer }) => commonPart(told, path, peer) !== '');
    if (!isKnown) return mayBeAlone ? [] : [path];
    const isNoticed = (lesser: Told | undefined) =>
      said.some(({ peer, telling }) => commonPart(lesser, path, peer) !== commonPart(telling.get(path), path, peer));
    return lesserThan(told, (attribute) => !mayBeAlone || said[0]!.peer.knows(path).has(attribute))
      .filter((lesser) => !isNoticed(lesser))
      .map(() => path);
  });
}

/** The same with something left out: the whole, or one attribute. */
function lesserThan(told: Told, isKnown: (attribute: string) => boolean): readonly (Told | undefined)[] {
  if (typeof told === 'string') return [undefined];
  return [...told].filter(isKnown).map((left) => new Set([...told].filter((attribute) => attribute !== left)));
}

/** Of each program, how many paths it had something to say about that we said too. */
function count(look: Look, compared: Map<string, number>): void {
  for (const { peer } of look.said) {
    const paths = [...look.pristine].filter(([path, told]) => commonPart(told, path, peer) !== '');
    compared.set(peer.name, (compared.get(peer.name) ?? 0) + paths.length);
  }
}
