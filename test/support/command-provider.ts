import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A small cloud in a folder, as a program for the provider `command`: `node command-provider.ts FOLDER`. It is written as
 * somebody would who has read COMMAND.md, and knows nothing of ours.
 */
const base = process.argv[2] ?? '/nowhere';
const asked = JSON.parse(readFileSync(0, 'utf8'));
const { operation, group, providerId, key } = asked;
const folders = ['machines', 'disks', 'snapshots'].map((name) => join(base, name));
for (const folder of folders) mkdirSync(folder, { recursive: true });
const [machinesDir = '', disksDir = '', snapshotsDir = ''] = folders;

interface Kept {
  readonly group: string;
  readonly machine: {
    readonly providerId: string;
    readonly launchKey: string;
    state: string;
    drainedBy: string | null;
  };
}

function answer(details: object = {}): never {
  process.stdout.write(JSON.stringify({ schema: 'pristine.provider-answer/1', operation, group, ...details }));
  process.exit(0);
}
function refuse(error: string): never {
  process.stdout.write(JSON.stringify({ schema: 'pristine.provider-answer/1', operation, group, error }));
  process.exit(20);
}

const named = (prefix: string, text: string) =>
  `${prefix}-${createHash('sha256').update(`${group} ${text}`).digest('hex').slice(0, 12)}`;
const fileOf = (id: string) => join(machinesDir, `${id}.json`);
const read = (id: string): Kept | undefined =>
  existsSync(fileOf(id)) ? JSON.parse(readFileSync(fileOf(id), 'utf8')) : undefined;
const write = (kept: Kept) => {
  writeFileSync(`${fileOf(kept.machine.providerId)}.${process.pid}`, JSON.stringify(kept));
  renameSync(`${fileOf(kept.machine.providerId)}.${process.pid}`, fileOf(kept.machine.providerId));
};
const jsonIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.json'));
const all = () =>
  jsonIn(machinesDir)
    .flatMap((name) => read(name.slice(0, -5)) ?? [])
    .filter((kept) => kept.group === group);
const own = () => {
  const kept = read(providerId);
  return kept?.group === group ? kept : undefined;
};

/** What it makes where nobody names an image. */
function template(): string | undefined {
  const file = join(base, 'template');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** From one state to the next, where it is in one of these. */
function mark(from: (machine: Kept['machine']) => boolean, state: string, drainedBy: string | null): object {
  const kept = own();
  if (kept && from(kept.machine)) write({ group, machine: { ...kept.machine, state, drainedBy } });
  return {};
}

const does: Readonly<Record<string, () => object>> = {
  list: () => ({ machines: all().map(({ machine }) => machine) }),
  preflight: () => (asked.image === null ? { image: template() ?? refuse('config') } : { image: asked.image }),
  launch() {
    if (asked.imageSource === 'provider' && template() !== asked.image) refuse('conflict');
    const id = named('c', key);
    mkdirSync(join(disksDir, id), { recursive: true });
    if (read(id) === undefined)
      write({ group, machine: { providerId: id, launchKey: key, state: 'running', drainedBy: null } });
    return { machine: read(id)!.machine };
  },
  drain: () => mark(({ state }) => state === 'running', 'draining', key),
  restore: () => mark(({ state, drainedBy }) => state === 'draining' && drainedBy === key, 'running', null),
  isolate: () => mark(({ state }) => state !== 'isolated', 'isolated', key),
  terminate() {
    const kept = own();
    if (kept?.machine.state === 'isolated' && kept.machine.drainedBy !== asked.isolatedBy) refuse('conflict');
    rmSync(fileOf(providerId), { force: true });
    rmSync(join(disksDir, providerId), { recursive: true, force: true });
    return {};
  },
  'keep-snapshot'() {
    const id = named('s', key);
    const file = join(snapshotsDir, `${id}.json`);
    if (!existsSync(file)) {
      if (own() === undefined) refuse('not-found');
      const where = join(snapshotsDir, id);
      cpSync(join(disksDir, providerId), where, { recursive: true });
      writeFileSync(file, JSON.stringify({ group, snapshot: { snapshotId: id, key, providerId, where } }));
    }
    return { snapshot: JSON.parse(readFileSync(file, 'utf8')).snapshot };
  },
  'list-snapshots'() {
    const kept = jsonIn(snapshotsDir).map((name) => JSON.parse(readFileSync(join(snapshotsDir, name), 'utf8')));
    return { snapshots: kept.filter((one) => one.group === group).map(({ snapshot }) => snapshot) };
  },
  'drop-snapshot'() {
    rmSync(join(snapshotsDir, `${asked.snapshotId}.json`), { force: true });
    rmSync(join(snapshotsDir, asked.snapshotId), { recursive: true, force: true });
    return {};
  },
  'show-disk': () => (own() === undefined ? refuse('not-found') : { root: join(disksDir, providerId) }),
  'hide-disk': () => ({}),
  recover: () => ({}),
};
answer(does[operation]?.() ?? refuse('config'));
