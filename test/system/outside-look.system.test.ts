import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPlaces, type Place } from '../../server/provider/local/place.ts';
import { mountsAt, pidsWithArgument } from '../../server/provider/local/processes.ts';
import type { Instance, InstanceFinding, ReplacementView } from '../../shared/api.ts';
import type { Look } from '../../shared/api-looks.ts';
import { parseEnvelope, parsePublicKeys } from '../../shared/dsse.ts';
import { verifyProof } from '../../shared/proof.ts';
import { aLocalBench, type LocalBench } from '../support/local-bench.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { type Line, sayHello } from '../support/scripted-agent.ts';
import { aServer, runCtl } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const size = 3;
const rounds = Number(process.env['PRISTINE_TEST_ROUNDS'] ?? 4);

/** A fleet of real agents on real overlays, each in mount and pid namespaces of its own. */
interface House {
  readonly bench: LocalBench;
  readonly url: string;
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  text(path: string): Promise<string>;
  instances(): Promise<readonly Instance[]>;
  placeOf(instance: Instance): Place;
  look(instance: Instance): Promise<Look>;
  ctl(...args: readonly string[]): ReturnType<typeof runCtl>;
  close(): Promise<void>;
}

async function raiseHouse(options: Parameters<typeof aServer>[0] = {}): Promise<House> {
  const bench = await aLocalBench({ privileged: true });
  const server = await aServer({ looksAtOnce: 2, ...options });
  const request = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}/api/v1/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${server.token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const house: House = {
    bench,
    url: server.url,
    call: async <T>(method: string, path: string, body?: unknown) =>
      (await (await request(method, path, body)).json()) as T,
    text: async (path) => (await request('GET', path)).text(),
    instances: async () => (await house.call<{ items: Instance[] }>('GET', 'instances?group=web&limit=100')).items,
    placeOf: ({ providerId }) => createPlaces(bench.directory).ofId(providerId!),
    async look(instance) {
      let look = await house.call<Look>('POST', `instances/${instance.id}/looks`);
      await until(async () => {
        look = await house.call<Look>('GET', `looks/${look.id}`);
        return look.state === 'ended';
      });
      return look;
    },
    ctl: (...args) => runCtl(server, ...args),
    async close() {
      await server.stop();
      await bench.close();
    },
  };
  await house.call('POST', 'keys', {
    name: 'image',
    pem: readFileSync(join(bench.place.dir, 'image-key.pub'), 'utf8'),
  });
  const pushed = await house.ctl('images', 'push', join(bench.place.dir, 'manifest'), '--json');
  expect(JSON.parse(pushed.stdout)).toMatchObject({ entriesKept: true });
  await house.call('POST', 'apply', bench.group);
  await house.call('POST', 'groups/web/launch', { count: size, key: 'first' });
  await until(async () => (await house.instances()).filter(({ content }) => content === 'in_sync').length === size);
  return house;
}

/** The agent, and who started it in its namespace: the shell around them is in our own. */
function agentPids(place: Place): readonly number[] {
  const own = readlinkSync('/proc/self/ns/mnt');
  return pidsWithArgument(place.agentConfig).filter((one) => readlinkSync(`/proc/${one}/ns/mnt`) !== own);
}

/** As an intruder does who is root on the machine: in the agent's own mount namespace. */
function inside(place: Place, ...command: readonly string[]): void {
  execFileSync('nsenter', ['--target', String(agentPids(place)[0]), '--mount', '--', ...command]);
}

const guard = 'guard outside-look';

describe('the outside look at an overlay', { timeout: 240_000 }, () => {
  let house: House;
  let [one, two, three]: readonly Instance[] = [];
  beforeAll(async () => {
    house = await raiseHouse();
    [one, two, three] = await house.instances();
  }, 600_000);
  afterAll(() => house?.close());
  const findings = async (instance: Instance) =>
    (await house.call<{ items: InstanceFinding[] }>('GET', `instances/${instance.id}/findings?open=true`)).items;
  const rootOf = (instance: Instance) => house.placeOf(instance).root;

  it('agrees with a clean machine, leaves nothing mounted, and is told by pristinectl', async () => {
    const { code, stdout } = await house.ctl('instances', 'look', one!.providerId!, '--wait', '--json');

    const look = JSON.parse(stdout) as Look;
    expect([code, look.outcome]).toEqual([0, 'agrees']);
    expect(look.measure).toMatchObject({ verdict: 'in_sync', findings: 0, holesCount: 0 });
    expect(look.measure?.checked).toBeGreaterThan(3);
    expect(mountsAt(house.bench.directory)).toHaveLength(size);
    const listed = await house.ctl('instances', 'looks', one!.providerId!);
    expect(listed.stdout).toContain('agrees');
    expect((await house.ctl('looks', 'get', look.id)).stdout).toContain('the disk is as its image');
  });

  it('sees through a mount that lies over a file in its own namespace', async () => {
    const original = join(house.bench.place.dir, 'original');
    writeFileSync(original, 'baked');
    writeFileSync(join(rootOf(two!), 'etc/config'), 'changed');
    execFileSync('mount', ['--bind', original, join(rootOf(two!), 'etc/config')]);

    const look = await house.look(two!);
    execFileSync('umount', [join(rootOf(two!), 'etc/config')]);

    // The agent has a namespace of its own, sees the change as well, and tells of it.
    expect(look).toMatchObject({ outcome: 'agrees', measure: { verdict: 'drifted', findings: 1 } });
    writeFileSync(join(rootOf(two!), 'etc/config'), 'baked');
  });

  it('says that it could not be made where somebody has mounted over the whole root', async () => {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', rootOf(two!)]);

    const look = await house.look(two!);
    execFileSync('umount', [rootOf(two!)]);

    expect(look).toMatchObject({ outcome: 'failed', measure: null });
    expect(look.detail).toContain('overlay');
  });

  it('finds out an agent that is shown the original, mounted over its change', async () => {
    const place = house.placeOf(two!);
    const original = join(house.bench.place.dir, 'original-too');
    writeFileSync(original, 'baked too');
    inside(place, 'mount', '--bind', original, join(place.root, 'etc/other'));
    writeFileSync(join(place.root, 'etc/other'), 'hidden');

    const look = await house.look(two!);

    expect(look).toMatchObject({ outcome: 'differs', differences: [{ name: '/etc/other', stands: true }] });
    expect(await findings(two!)).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: '/etc/other', rule: guard, severity: 'critical' })]),
    );
  });

  it('finds out an agent that is shown a whole root, clean, in a namespace of its own', async () => {
    const place = house.placeOf(three!);
    inside(place, 'mount', '--bind', house.bench.root, place.root);
    writeFileSync(join(place.root, 'etc/planted'), 'hidden');
    await house.call('POST', `instances/${three!.id}/scan`);
    const scanned = three!.evidence?.scanId;
    await until(async () => {
      const now = await house.call<Instance>('GET', `instances/${three!.id}`);
      return now.evidence?.scanId !== scanned;
    });
    expect(await house.call<Instance>('GET', `instances/${three!.id}`)).toMatchObject({ content: 'in_sync' });

    const look = await house.look(three!);

    const told = look.differences.map(({ name, told: how, stands }) => [name, how, stands]);
    expect([look.outcome, told]).toEqual(['differs', expect.arrayContaining([['/etc/planted', 'untold', true]])]);
    expect(await house.call<Instance>('GET', `instances/${three!.id}`)).toMatchObject({
      content: 'drifted',
      taint: { severity: 'critical' },
    });
  });

  it('has the machine replaced by the policy of any critical drift, with a proof that was seen from outside', async () => {
    await house.call('POST', 'apply', {
      ...{ kind: 'Policy', name: 'web', select: { group: 'web' }, mode: 'enforce', budgets: [{ max: 1 }] },
      triggers: [{ drift: { severity: 'critical' } }],
      strategy: { verifyWithin: '5m', drainTimeout: '1m', soak: '1s', proof: 'outside' },
    });
    const replacements = async () =>
      (await house.call<{ items: ReplacementView[] }>('GET', 'replacements?group=web&limit=100')).items;
    const ofThree = async () => (await replacements()).find(({ oldInstanceId }) => oldInstanceId === three!.id);

    await until(async () => ['succeeded', 'failed', 'stuck'].includes((await ofThree())?.state ?? ''));

    const replacement = (await ofThree())!;
    expect([replacement.state, replacement.error]).toEqual(['succeeded', null]);
    const proof = parseEnvelope(await house.text(`replacements/${replacement.id}/proof`));
    const { predicate } = verifyProof(proof, parsePublicKeys(await house.text('proof-key')));
    expect(predicate.outside).toMatchObject({ verdict: 'in_sync' });
    expect(predicate.cause).toMatchObject({ trigger: 'drift', severity: 'critical' });
  });
});

describe('an agent that is stopped', { timeout: 240_000 }, () => {
  const lines: Line[] = [];
  let house: House;
  beforeAll(async () => {
    house = await raiseHouse({ lookAnswerWithin: '5s' });
  }, 600_000);
  afterEach(async () => {
    for (const line of lines.splice(0)) await line.close();
  });
  afterAll(() => house?.close());

  it('while somebody speaks for it with its key, and says what it said before, is found out', async () => {
    const [instance] = await house.instances();
    const place = house.placeOf(instance!);
    const pids = agentPids(place);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    writeFileSync(join(place.root, 'etc/config'), 'changed');
    const privateKey = createPrivateKey(readFileSync(join(place.agent, 'state/identity.key'), 'utf8'));
    const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
    const { image, rules, stateDigest } = { image: instance!.imageDigest, ...instance!.evidence! };
    const url = `${house.url.replace('http', 'ws')}/agent/v1`;
    const { line, answer } = await sayHello(url, { privateKey, publicKey }, { image, rules });
    lines.push(line);
    if (answer.type !== 'welcome' || answer.acked === null) throw new Error(`no welcome: ${JSON.stringify(answer)}`);
    const { acked } = answer;
    const beat = () => line.send({ type: 'heartbeat', ...acked, stateDigest });
    const beating = setInterval(beat, 1_000);
    beat();

    const look = await house.look(instance!).finally(() => clearInterval(beating));
    for (const pid of pids) process.kill(pid, 'SIGCONT');

    expect(look).toMatchObject({
      outcome: 'differs',
      differences: [{ name: '/etc/config', told: 'unanswered', stands: true }],
    });
  });
});

describe('honest agents whose disks are never still', { timeout: 1_800_000 }, () => {
  let house: House;
  beforeAll(async () => {
    house = await raiseHouse();
  }, 600_000);
  afterAll(() => house?.close());

  it(`are not accused in ${rounds * size} looks`, async () => {
    const random = seededRandom(testSeed());
    const fleet = await house.instances();
    let changes = 0;
    let isOver = false;
    const churn = async () => {
      while (!isOver) {
        for (const instance of fleet) {
          alter(house.placeOf(instance).root, random);
          changes += 1;
        }
        await new Promise((resolve) => setTimeout(resolve, random.pick([1, 20, 200, 1_500])));
      }
    };
    const churning = churn();
    const outcomes: Record<string, number> = {};
    let asked = 0;
    try {
      await Promise.all(
        fleet.map(async (instance) => {
          for (let round = 0; round < rounds; round += 1) {
            const look = await house.look(instance);
            outcomes[look.outcome ?? ''] = (outcomes[look.outcome ?? ''] ?? 0) + 1;
            if (look.rounds > 1) asked += 1;
            expect([look.outcome, look.differences.filter(({ stands }) => stands)]).not.toMatchObject(['differs']);
          }
        }),
      );
    } finally {
      isOver = true;
      await churning;
    }
    console.log(
      `${rounds * size} looks over ${changes} changes: ${JSON.stringify(outcomes)}, ${asked} asked the agent first`,
    );
    expect(outcomes['failed'] ?? 0).toBe(0);
    expect(asked).toBeGreaterThan(0);
  });
});

/** Contents come back again and again: at any time a file may be as it was baked, or not. */
function alter(root: string, { below, pick }: ReturnType<typeof seededRandom>): void {
  const path = join(root, pick(['etc/config', 'etc/other', 'etc/new', 'etc/deep/new']));
  const text = pick(['baked', 'baked too', 'one', 'two']);
  mkdirSync(join(root, 'etc/deep'), { recursive: true });
  switch (below(4)) {
    case 0:
      rmSync(path, { force: true });
      break;
    case 1:
      writeFileSync(`${path}.draft`, text);
      renameSync(`${path}.draft`, path);
      break;
    default:
      writeFileSync(path, text);
  }
  if (below(6) === 0) rmSync(join(root, 'etc/deep'), { recursive: true, force: true });
}
