import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSpool } from '../../agent/report/spool.ts';
import { openDatabase } from '../../server/store/database.ts';
import { openFindings } from '../../server/store/finding-store.ts';
import { systemClock } from '../../shared/clock.ts';
import { aChurningAgent, type ChurningAgent } from '../support/churning-agent.ts';
import { fillDisk } from '../support/fill-disk.ts';
import { aGatewayHouse, type GatewayHouse } from '../support/gateway-house.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { isRoot, type Scratch, scratch } from '../support/scratch.ts';
import { until } from '../support/until.ts';

let place: Scratch;
let disk: string;
let file: string;
let house: GatewayHouse;
let agent: ChurningAgent;

describe.skipIf(!isRoot)('an agent whose state is on a small disk', () => {
  beforeEach(async () => {
    place = scratch();
    disk = join(place.dir, 'disk');
    place.mount(['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs'], disk);
    file = join(place.dir, 'pristine.db');
    house = await aGatewayHouse({ db: await openDatabase({ file }) });
    const { url } = house;
    const joinToken = await house.aToken();
    const random = seededRandom(testSeed());
    const limits = { untoldScansMax: 8 };
    agent = await aChurningAgent({ directory: disk, url, joinToken, files: 50, clock: systemClock, random, limits });
    await agent.sweep();
    await delivered();
  });
  afterEach(async () => {
    await agent.stop();
    await house.close();
    place.remove();
  });

  it('tells everything while that is full, and says that it is', async () => {
    fillDisk(join(disk, 'filler'));

    for (let n = 0; n < 3; n++) await agent.churn(5);
    await delivered();
    const troubles = await troublesTold();
    rmSync(join(disk, 'filler'));
    for (let n = 0; n < 2; n++) await agent.churn(5);
    await delivered();

    expect(troubles).toEqual([expect.stringContaining('ENOSPC')]);
    expect(await troublesTold()).toEqual([...troubles, null]);
    expect([agent.spool.trouble, agent.reporter.history.lost]).toEqual([null, 0]);
  });

  it('tells everything while that is read-only, and what comes back from it then does no harm', async () => {
    execFileSync('mount', ['-o', 'remount,ro', disk]);

    for (let n = 0; n < 3; n++) await agent.churn(5);
    await delivered();
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    for (let n = 0; n < 2; n++) await agent.churn(5);
    await delivered();

    expect(await troublesTold()).toEqual([expect.stringContaining('EROFS'), null]);
    expect((await openSpool(join(disk, 'spool'))).reports).toBe(0);
  });

  it('keeps to its bound while that is full and no server is there, and ends exact', async () => {
    const port = Number(new URL(house.url).port);
    await house.close();
    fillDisk(join(disk, 'filler'));

    for (let n = 0; n < 300; n++) await agent.churn(10);
    expect(agent.spool.reports).toBeLessThan(16);
    expect(agent.spool.bytes).toBeLessThan(256 * 1_024);
    house = await aGatewayHouse({ port, db: await openDatabase({ file }) });

    await delivered();
  });
});

/** And the server knows what is true. */
async function delivered(): Promise<void> {
  await until(() => agent.connection === 'connected' && agent.spool.reports === 0 && reportsOnDisk() === 0);
  const { id } = await house.db.selectFrom('instance').select('id').executeTakeFirstOrThrow();
  const known = (await openFindings(house.db, id)).map(({ fingerprint }) => fingerprint).sort();
  expect(known).toEqual(agent.truth());
}

/** What is told is forgotten by the spool a moment before its file goes. */
function reportsOnDisk(): number {
  return readdirSync(join(disk, 'spool')).length;
}

async function troublesTold(): Promise<readonly unknown[]> {
  const rows = await house.db.selectFrom('event').select('data').where('type', '=', 'instance.spool').execute();
  return rows.map(({ data }) => JSON.parse(data).trouble);
}
