import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../shared/report.ts';
import { houseDir } from '../support/house.ts';
import { coolDown, hasPageCache, residentBytes, warmUp } from '../support/page-cache.ts';
import { bakeSigned, parseReport, pristine } from '../support/pristine-cli.ts';
import { aWorkbench } from '../support/workbench.ts';

const fileBytes = 2_000_000;
const files = 16;

describe('a verify that is told to go slowly', { timeout: 120_000 }, () => {
  const { place, keys } = aWorkbench();
  let root: string;
  let manifest: string;
  let content: string[];
  beforeAll(async () => {
    root = place.folder('root');
    content = Array.from({ length: files }, (_, n) => join(root, `${n}`));
    for (const file of content) writeFileSync(file, randomBytes(fileBytes));
    mkdirSync(join(root, 'small'));
    for (let n = 0; n < 500; n++) writeFileSync(join(root, 'small', `${n}`), `${n}`);
    manifest = join(place.dir, 'manifest');
    await bakeSigned({ root, out: manifest, key: keys.key });
  });
  const args = () => ['verify', '--root', root, '--manifest', manifest, '--pub', keys.pub, '--format', 'json'];
  const verify = async (...limits: string[]) => parseReport(await pristine([...args(), ...limits]));
  const secondsOf = ({ startedAt, finishedAt }: Report) => (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;

  it('finds the same, and reads no more bytes a second than it may', async () => {
    const bytesPerSecond = 10_000_000;

    const slow = await verify('--max-bytes-per-second', '10M');

    const { bytesHashed, filesHashed } = slow.coverage;
    expect([slow.verdict, filesHashed]).toEqual(['in_sync', files + 500]);
    // A tenth of a second is saved up, and another one is the step of each thread.
    expect(bytesHashed / (secondsOf(slow) + 0.5)).toBeLessThanOrEqual(bytesPerSecond);
  });

  it('uses no more CPU time than its share, its own start included', () => {
    const share = 0.1;
    const command = [process.execPath, join(houseDir, 'agent/pristine.js'), ...args(), '--max-cpu', '10%'];
    // The shell tells the CPU time of all its children: user and system, as 0m1.234s.
    const script = `started=$(cut -d' ' -f1 /proc/uptime); "$@" >/dev/null; echo "$? $started $(cut -d' ' -f1 /proc/uptime)"; times`;

    const { stdout } = spawnSync('bash', ['-c', script, 'bash', ...command], { encoding: 'utf8' });

    const [told = '', , children = ''] = stdout.trim().split('\n');
    const [code, started, ended] = told.split(' ').map(Number);
    const cpu = children.split(' ').reduce((sum, text) => sum + secondsIn(text), 0);
    expect(code).toBe(0);
    expect(cpu).toBeGreaterThan(0.1);
    // What comes after the last file (the report and the end of the process) is not paid for.
    expect(cpu).toBeLessThanOrEqual(share * (ended! - started!) + 0.35);
  });

  it.skipIf(!hasPageCache(tmpdir()))('lets go what it brought into memory, and nothing that was there', async () => {
    const [warm, cold, control] = [content.slice(0, 4), content.slice(4), join(place.dir, 'control')];
    writeFileSync(control, randomBytes(fileBytes));
    coolDown([...content, control]);
    warmUp([...warm, control]);
    const [warmBefore, controlBefore] = [residentBytes(warm), residentBytes([control])];

    await verify('--max-bytes-per-second', '1G');
    const [warmAfter, coldAfter] = [residentBytes(warm), residentBytes(cold)];
    // Others may need the memory too: then the control, which nobody read, has lost as much.
    const kept = residentBytes([control]) / controlBefore;
    await verify();
    const coldAtFullSpeed = residentBytes(cold);

    expect(warmBefore).toBeGreaterThan(0);
    expect(warmAfter / warmBefore).toBeGreaterThan(0.9 * kept);
    expect(coldAfter).toBeLessThan(0.1 * cold.length * fileBytes);
    expect(coldAtFullSpeed).toBeGreaterThan(coldAfter);
  });

  it.each([
    ['--max-bytes-per-second', '50MB'],
    ['--max-bytes-per-second', '1'],
    ['--max-cpu', '0%'],
    ['--max-cpu', '0.25'],
  ])('refuses %s %s', async (option, value) => {
    const run = await pristine([...args(), option, value]);

    expect(run.code).toBe(2);
    expect(parseReport(run).error?.code).toBe('USAGE');
  });
});

function secondsIn(text: string): number {
  const [, minutes = 0, seconds = 0] = /^(\d+)m([\d.]+)s$/.exec(text) ?? [];
  return Number(minutes) * 60 + Number(seconds);
}
