import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { OpenState } from '../../../agent/open-state.ts';
import { loadKnownState, openKnownStateFile } from '../../../agent/state/known-state.ts';
import { digestOf } from '../../../shared/digest.ts';
import type { Finding } from '../../../shared/finding.ts';
import { aFinding, aTime } from '../../support/builders.ts';
import { aDirectory } from '../../support/directory.ts';

const image = digestOf('web@7');

let directory: string;
let file: string;
beforeEach(() => {
  directory = aDirectory();
  file = join(directory, 'known-state.ndjson');
});

function stateOf(findings: readonly Finding[], holes: OpenState['holes'] = []): OpenState {
  return {
    open: new Map(findings.map((finding) => [finding.fingerprint, finding])),
    firstSeenAt: new Map(findings.map(({ fingerprint }) => [fingerprint, aTime])),
    holes,
  };
}

const many = Array.from({ length: 2_000 }, (_, n) => aFinding({ name: `/f${n}` }));
const [gone, ...rest] = many;
const other = aFinding({ name: '/other' });

describe('the known state', () => {
  it('comes back for the same image only, whatever its rules', async () => {
    const known = stateOf([aFinding()], [{ subject: 'file', name: '/x', reason: 'unreadable' }]);

    await openKnownStateFile(directory, image).save(known);

    expect(await loadKnownState(directory, image)).toEqual(known);
    expect(await loadKnownState(directory, digestOf('web@8'))).toBeUndefined();
  });

  it('is nothing when there is none, or it is spoilt', async () => {
    expect(await loadKnownState(directory, image)).toBeUndefined();
    await writeFile(file, '{"schema":');
    expect(await loadKnownState(directory, image)).toBeUndefined();

    await openKnownStateFile(directory, image).save(stateOf(many));
    await truncate(file, (await stat(file)).size - 10);

    expect(await loadKnownState(directory, image)).toBeUndefined();
  });

  it('is written as far as it has changed, and comes back whole', async () => {
    const known = openKnownStateFile(directory, image);
    await known.save(stateOf(many));
    const whole = (await stat(file)).size;
    const holes = [{ subject: 'file', name: '/x', reason: 'unreadable' }] as const;

    await known.save(stateOf([...rest, other], holes));

    expect((await stat(file)).size - whole).toBeLessThan(2_000);
    expect(await loadKnownState(directory, image)).toEqual(stateOf([...rest, other], holes));
  });

  it('never grows to more than about twice what it holds', async () => {
    const known = openKnownStateFile(directory, image);
    await known.save(stateOf(many));
    const whole = (await stat(file)).size;
    let largest = 0;

    for (let n = 0; n < 3_000; n++) {
      const changing = aFinding({ name: '/changing', actual: { content: digestOf(`${n}`) } });
      await known.save(stateOf([...rest, changing]));
      largest = Math.max(largest, (await stat(file)).size);
    }

    expect(largest).toBeGreaterThan(whole * 1.5);
    expect(largest).toBeLessThan(whole * 2.1);
    expect((await loadKnownState(directory, image))!.open.size).toBe(many.length);
  });

  it('is as it was before where a crash cut off what was appended, and is written anew then', async () => {
    await openKnownStateFile(directory, image).save(stateOf(many));
    await appendFile(file, `{"cleared":"${gone!.fingerprint}"}\n{"cleared":"${rest[0]!.fingerprint.slice(9)}`);

    expect(await loadKnownState(directory, image)).toEqual(stateOf(rest));
    await openKnownStateFile(directory, image).save(stateOf([other]));

    expect(await loadKnownState(directory, image)).toEqual(stateOf([other]));
    expect((await readFile(file, 'utf8')).trimEnd().split('\n')).toHaveLength(2);
  });

  it('is written whole again after it could not be written', async () => {
    const known = openKnownStateFile(directory, image);
    await known.save(stateOf(many));
    await expect(known.save(stateOf([{ ...other, actual: { size: 1n } as never }, ...many]))).rejects.toThrow();

    await known.save(stateOf(rest));

    expect(await loadKnownState(directory, image)).toEqual(stateOf(rest));
    expect((await readFile(file, 'utf8')).trimEnd().split('\n')).toHaveLength(1 + rest.length);
  });
});
