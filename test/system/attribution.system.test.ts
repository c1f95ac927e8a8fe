import { chownSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensurePrograms } from '../../packaging/apt.ts';
import type { Actor } from '../../shared/actor.ts';
import { type ControlGroups, controlGroups } from '../support/control-groups.ts';
import { isRoot, quoted } from '../support/scratch.ts';
import { typeInto } from '../support/terminal.ts';
import { until } from '../support/until.ts';
import { startWatchedMachine, type WatchedMachine } from '../support/watched-machine.ts';
import { aWorkbench } from '../support/workbench.ts';

const edits = 200;
/**
 * Measured on two cores beside other work, load 3 to 6: all of them, run after run. A command line can only be read while its
 * program runs: a third to nearly all of those of a loop in a shell, so that its share is printed alone.
 */
const shareMin = 0.98;
const cases = ['session', 'service', 'podman', 'runc', 'brief'] as const;

/** Each of 200 changes is a finding; how many of them name who made it, and where they belong. */
describe.skipIf(!isRoot)('who changed something (needs root)', () => {
  const { place, keys } = aWorkbench();
  let groups: ControlGroups;
  let watched: WatchedMachine;

  beforeAll(async () => {
    groups = await controlGroups();
    const programs = { podman: 'podman', runc: 'runc', busybox: 'busybox-static', script: 'bsdutils' };
    expect(await ensurePrograms(programs)).toBe(true);
    watched = await startWatchedMachine({ place, keys, rules, prepare });
  });
  afterAll(async () => {
    await watched?.stop();
    await groups?.remove();
  });

  const inside = (script: string) => watched.machine.inside('sh', '-ec', script);
  const actorsOf = (name: string) => watched.findings().get(`file ${name}`)?.actors ?? [];
  /** Waits until each is found, and prints and gives the shares of those whose every actor is as each `fact` says. */
  const shares = async <Fact extends string>(
    label: string,
    names: readonly string[],
    facts: Record<Fact, (actor: Actor, index: number) => boolean>,
  ): Promise<Record<Fact | 'command', number>> => {
    await until(() => {
      const found = watched.findings();
      return names.every((name) => found.has(`file ${name}`));
    });
    const share = (fact: (actor: Actor, index: number) => boolean) => {
      const named = names.filter((name, index) => {
        const actors = actorsOf(name);
        return actors.length > 0 && actors.every((actor) => fact(actor, index));
      });
      return named.length / names.length;
    };
    const all = { ...facts, command: ({ command }: Actor) => command !== null };
    const found = Object.fromEntries(Object.entries(all).map(([fact, holds]) => [fact, share(holds as never)]));
    console.log(`${label}: ${names.length} changes; ${JSON.stringify(found)}`);
    return found as Record<Fact | 'command', number>;
  };

  it('is known of a shell on a terminal, with who logged in', async () => {
    const names = numbered('/etc/attributed/session');
    const tools = {
      '/usr/bin/bash': (name: string) => `echo y >> ${name}`,
      '/usr/bin/cp': (name: string) => `cp /etc/hostname ${name}`,
      '/usr/bin/sed': (name: string) => `sed -i s/x/y/ ${name}`,
      '/usr/bin/dd': (name: string) => `echo y | dd of=${name} status=none`,
    };
    const [programs, lines] = [Object.keys(tools), Object.values(tools)];
    const typed = names.map((name, index) => lines[index % lines.length]!(name));

    await typeInto(watched.machine.inside, 'echo 1000 > /proc/self/loginuid', typed);

    const share = await shares('a shell on a terminal', names, {
      program: ({ program }, index) => program === programs[index % programs.length],
      uid: ({ uid }) => uid === 0,
      login: ({ loginUid, session }) => loginUid === 1000 && session !== null,
    });
    expect(share.program).toBeGreaterThanOrEqual(shareMin);
    expect(share.uid).toBeGreaterThanOrEqual(shareMin);
    expect(share.login).toBeGreaterThanOrEqual(shareMin);
  });

  it('is known of a service, with its unit and its user', async () => {
    const names = numbered('/etc/attributed/service');
    const service = `for name in ${names.join(' ')}; do cp /etc/hostname $name; done`;
    const started = watched.machine
      .inside('setpriv', '--reuid=33', '--regid=33', '--clear-groups', 'sh', '-ec', service)
      .map(quoted)
      .join(' ');

    await watched.run(['sh', '-ec', `${groups.enter('system.slice/evil.service')}; exec ${started}`]);

    const share = await shares('a service', names, {
      program: ({ program }) => program === '/usr/bin/cp',
      uid: ({ uid }) => uid === 33,
      unit: ({ unit }) => unit === 'evil.service',
    });
    expect(share.program).toBeGreaterThanOrEqual(shareMin);
    expect(share.uid).toBeGreaterThanOrEqual(shareMin);
    expect(share.unit).toBeGreaterThanOrEqual(shareMin);
  });

  it('is known of a package manager, with who called it', async () => {
    const callers = ['/usr/bin/dash', '/usr/bin/apt-get'];
    const names: string[] = [];
    for (let number = 0; number < 10; number++) {
      const content = numbered(`/usr/share/evil${number}`).slice(0, edits / 10);
      names.push(...content);
      await watched.run([
        'sh',
        '-ec',
        packageOf(`evil${number}`, place.folder(`evil${number}`), content, watched.root),
      ]);
      const file = `/tmp/evil${number}.deb`;
      const install = number % 2 === 0 ? `dpkg -i ${file}` : `apt-get install -q -y ${file}`;
      await watched.run(inside(`${install}; true`));
    }

    const share = await shares('a package manager', names, {
      program: ({ program }) => program === '/usr/bin/dpkg',
      uid: ({ uid }) => uid === 0,
      caller: ({ parents }, index) =>
        parents.some(({ program }) => program === callers[Math.floor(index / (edits / 10)) % 2]),
    });
    expect(share.program).toBeGreaterThanOrEqual(shareMin);
    expect(share.uid).toBeGreaterThanOrEqual(shareMin);
    expect(share.caller).toBeGreaterThanOrEqual(shareMin);
  });

  it('is known of a container of podman, by its id, and what it does to its own layer is no finding', async () => {
    const names = numbered('/etc/attributed/podman');
    const storage = join(watched.root, 'srv/containers');
    place.mount(['-t', 'tmpfs', 'tmpfs'], join(storage, 'storage'));
    const at = (name: string) => join(storage, 'storage', name);
    const podman = [
      ...[
        'podman',
        '--root',
        at('graph'),
        '--runroot',
        place.folder('r'),
        '--tmpdir',
        at('tmp'),
        '--storage-driver=overlay',
      ],
      ...['--runtime=runc', '--cgroup-manager=cgroupfs', '--events-backend=none'],
    ];
    await watched.run(['tar', '-C', join(storage, 'bundle/rootfs'), '-cf', join(place.dir, 'box.tar'), '.']);
    await watched.run([...podman, 'import', join(place.dir, 'box.tar'), 'localhost/box']);

    const cidfile = join(place.dir, 'cid');
    await watched.run([
      ...[...podman, 'run', '--rm', '--cidfile', cidfile, '--network=none', '--cgroup-parent', groups.path],
      ...['--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024'],
      ...['--volume', `${join(watched.root, 'etc/attributed/podman')}:/data`, 'localhost/box', 'sh', '-ec', contained],
    ]);

    const id = readFileSync(cidfile, 'utf8');
    const share = await shares('a container of podman', names, {
      program: ({ program }) => program === '/bin/busybox',
      uid: ({ uid }) => uid === 0,
      container: ({ container }) => container === id,
    });
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(share.program).toBeGreaterThanOrEqual(shareMin);
    expect(share.uid).toBeGreaterThanOrEqual(shareMin);
    expect(share.container).toBeGreaterThanOrEqual(shareMin);
    expect(strangers()).toEqual([]);
  });

  it('is known of a container of runc, by the name of its group, and what it does to its own layer is no finding', async () => {
    const names = numbered('/etc/attributed/runc');
    const bundle = join(watched.root, 'srv/containers/bundle');
    await watched.run(['runc', 'spec', '--bundle', bundle]);
    const spec = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
    const data = { destination: '/data', source: join(watched.root, 'etc/attributed/runc'), type: 'none' };
    spec.mounts.push({ ...data, options: ['bind', 'rw'] });
    Object.assign(spec.process, { terminal: false, args: ['/bin/sh', '-ec', contained] });
    Object.assign(spec.process.user, { uid: 0, gid: 0 });
    spec.root.readonly = false;
    spec.linux.cgroupsPath = `${groups.path}/evil-container`;
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));

    await watched.run(['runc', '--root', place.folder('runc'), 'run', '--bundle', bundle, `evil-${process.pid}`]);

    const share = await shares('a container of runc', names, {
      program: ({ program }) => program === '/bin/busybox',
      uid: ({ uid }) => uid === 0,
      container: ({ container }) => container === 'evil-container',
    });
    expect(share.program).toBeGreaterThanOrEqual(shareMin);
    expect(share.uid).toBeGreaterThanOrEqual(shareMin);
    expect(share.container).toBeGreaterThanOrEqual(shareMin);
    expect(strangers()).toEqual([]);
  });

  it('is known of a program that ends at once, and so is who started it', async () => {
    const names = numbered('/etc/attributed/brief');
    const tools = {
      '/usr/bin/dash': (name: string) => `/bin/sh -c 'echo y > ${name}'`,
      '/usr/bin/cp': (name: string) => `cp /etc/hostname ${name}`,
      '/usr/bin/chmod': (name: string) => `chmod 600 ${name}`,
      '/usr/bin/truncate': (name: string) => `truncate -s 0 ${name}`,
      '/usr/bin/rm': (name: string) => `rm ${name}`,
    };
    const [programs, lines] = [Object.keys(tools), Object.values(tools)];

    await watched.run(inside(names.map((name, index) => lines[index % lines.length]!(name)).join('\n')));

    const share = await shares('programs that end at once', names, {
      program: ({ program }, index) => program === programs[index % programs.length],
      uid: ({ uid }) => uid === 0,
      parents: ({ parents }) => parents[0]?.program === '/usr/bin/dash',
    });
    expect(share.program).toBeGreaterThanOrEqual(shareMin);
    expect(share.uid).toBeGreaterThanOrEqual(shareMin);
    expect(share.parents).toBeGreaterThanOrEqual(shareMin);
  });

  /** What was found of the layers of containers, and of what runs in them. The `nsenter` that starts what we run inside is not the image's. */
  function strangers(): readonly string[] {
    return [...watched.findings().keys()].filter((key) => /^file \/srv\/|^process (?!\/usr\/bin\/nsenter$)/.test(key));
  }
});

const rules = `rules:
  - {match: [/srv/containers], as: foreign, reason: layers of containers}
`;

function prepare(root: string): void {
  for (const name of cases) {
    const folder = join(root, 'etc/attributed', name);
    mkdirSync(folder, { recursive: true });
    for (const file of numbered(`/etc/attributed/${name}`)) {
      writeFileSync(join(root, file), 'x\n');
      if (name === 'service') chownSync(join(root, file), 33, 33);
    }
  }
  const bin = join(root, 'srv/containers/bundle/rootfs/bin');
  mkdirSync(bin, { recursive: true });
  cpSync('/bin/busybox', join(bin, 'busybox'), { dereference: true });
  for (const tool of ['sh', 'cp', 'rm']) symlinkSync('busybox', join(bin, tool));
}

/** In a container: changes what it was given of the host, and something of its own with each. */
const contained = `i=0; while [ $i -lt ${edits} ]; do echo y > /own$i; cp /own$i /data/$i; rm /own$i; i=$((i+1)); done`;

function numbered(folder: string): readonly string[] {
  return Array.from({ length: edits }, (_, index) => `${folder}/${index}`);
}

function packageOf(name: string, at: string, content: readonly string[], root: string): string {
  const control = `Package: ${name}\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@example>\\nDescription: x\\n`;
  return [
    `mkdir -p ${at}/DEBIAN ${at}/usr/share/${name}`,
    `printf '${control}' > ${at}/DEBIAN/control`,
    ...content.map((file) => `echo y > ${at}${file}`),
    `dpkg-deb -Znone --root-owner-group --build ${at} ${root}/tmp/${name}.deb`,
  ].join('\n');
}
