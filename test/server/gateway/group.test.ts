import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CloseCode, heartbeatEveryMs } from '../../../shared/protocol.ts';
import { aFinding } from '../../support/builders.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { aGatewayHouse, type GatewayHouse } from '../../support/gateway-house.ts';
import { aReport } from '../../support/reports.ts';
import { anAgentKey, deliver, type Line, sayHello } from '../../support/scripted-agent.ts';

let clock: FakeClock;
let house: GatewayHouse;
let lines: Line[];

beforeEach(async () => {
  clock = createFakeClock();
  house = await aGatewayHouse({ clock });
  const joinToken = await house.aToken({ usesMax: 20 });
  const hellos = await Promise.all(Array.from({ length: 20 }, () => sayHello(house.url, anAgentKey(), { joinToken })));
  lines = hellos.map(({ line }) => line);
});
afterEach(() => house.close());

const seqs = async () => {
  const rows = await house.db.selectFrom('instance').select('seq').orderBy('seq').execute();
  return rows.map(({ seq }) => seq);
};

describe('many reports at once', () => {
  it('are all acked but those that are refused, each with its own code', async () => {
    const finding = aFinding();
    const bad = new Map([
      [3, aReport({ seq: 7, full: false })],
      [7, aReport({ opened: [{ ...finding, name: '/other' }] })],
      [11, aReport({ boot: 2 })],
    ]);

    const answers = await Promise.all(
      lines.map((line, index) => deliver(line, bad.get(index) ?? aReport({ opened: [finding] }))),
    );

    const codes = answers.map((answer) => (answer.type === 'closed' ? answer.code : answer.type));
    const { outOfOrder, badMessage } = CloseCode;
    const expected = Array.from({ length: 20 }, (_, index): unknown => (bad.has(index) ? badMessage : 'ack'));
    expected[3] = outOfOrder;
    expect(codes).toEqual(expected);
    expect(await seqs()).toEqual([0, 0, 0, ...Array(17).fill(1)]);
  });

  it('are refused together when they cannot be stored, and stored when they are sent again', async () => {
    await house.db.schema.alterTable('evidence').renameTo('gone').execute();
    const refused = await Promise.all(lines.slice(0, 10).map((line) => deliver(line, aReport())));
    await house.db.schema.alterTable('gone').renameTo('evidence').execute();

    expect(refused.every((answer) => answer.type === 'closed' && answer.code === CloseCode.tryLater)).toBe(true);
    expect(await seqs()).toEqual(Array(20).fill(0));
    expect(await deliver(lines[10]!, aReport())).toMatchObject({ type: 'ack' });
  });

  it('go on beside one that has much to tell, part by part', async () => {
    const found = Array.from({ length: 300 }, (_, n) => aFinding({ name: `/n/${n}` }));
    const [loud, ...others] = lines;
    const scanId = 'b2a0b132-555d-43da-8f83-098f7b80c13d';
    const open = found.map(({ fingerprint }) => fingerprint);
    for (const part of [1, 2, 3]) {
      const opened = found.slice((part - 1) * 100, part * 100);
      loud!.send(aReport({ seq: part, scanId, part, parts: 3, opened, open }));
    }

    const answers = await Promise.all(others.map((line) => deliver(line, aReport())));

    expect(answers.every(({ type }) => type === 'ack')).toBe(true);
    for (const seq of [1, 2, 3]) expect(await loud!.next()).toEqual({ type: 'ack', boot: 1, seq });
    expect(await house.db.selectFrom('finding').select('fingerprint').execute()).toHaveLength(300);
  });
});

it('asks for no sweep while one is on its way in parts', async () => {
  const line = lines[0]!;
  const found = [1, 2].map((n) => aFinding({ name: `/n/${n}` }));
  const open = found.map(({ fingerprint }) => fingerprint);
  const scanId = 'b2a0b132-555d-43da-8f83-098f7b80c13d';
  const part = (seq: 1 | 2) => aReport({ seq, scanId, part: seq, parts: 2, opened: [found[seq - 1]!], open });
  await deliver(line, part(1));
  clock.advance(heartbeatEveryMs);

  line.send({ type: 'heartbeat', boot: 1, seq: 1, stateDigest: part(1).stateDigest });
  line.send(part(2));
  expect(await line.next()).toEqual({ type: 'ack', boot: 1, seq: 2 });

  line.send({ type: 'heartbeat', boot: 1, seq: 2, stateDigest: aReport().stateDigest });
  expect(await line.next()).toEqual({ type: 'scan', reason: 'state-mismatch' });
});
