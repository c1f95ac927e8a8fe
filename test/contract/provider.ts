import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { LaunchRequest, Provider } from '../../server/provider/provider.ts';
import type { Group } from '../../shared/policy.ts';

/** What a provider is tried with. `reopen` gives a new one over the same machines, as after a restart of the server. */
export interface Bench {
  readonly provider: Provider;
  readonly group: Group;
  readonly otherGroup: Group;
  readonly image: string;
  /** The group, with a provider whose template launches this image whatever anybody names. */
  byTemplate(image: string): Group;
  /** Changes a file at the top of a machine's disk, as its own processes do. */
  write(providerId: string, name: string, text: string): void;
  reopen(): Provider;
  close(): Promise<void>;
}

const by = { key: 'r-9', timeoutMs: 1_000 };

/** What every provider promises (`server/provider/provider.ts`), whatever it is made of. */
export function describeProvider(name: string, open: () => Promise<Bench>): void {
  describe(name, () => {
    const benches: Bench[] = [];
    afterEach(async () => {
      for (const bench of benches.splice(0)) await bench.close();
    });
    const aBench = async () => {
      const bench = await open();
      benches.push(bench);
      return bench;
    };

    it('lists nothing before the first launch', async () => {
      const { provider, group } = await aBench();

      expect(await provider.list(group)).toEqual([]);
    });

    it('lists what it launched, under the key it was launched with', async () => {
      const bench = await aBench();

      const machine = await bench.provider.launch(request(bench, 'r-1'));

      expect(machine).toMatchObject({ launchKey: 'r-1', state: 'running' });
      expect(await bench.provider.list(bench.group)).toEqual([machine]);
    });

    it('says what it would launch, and launches nothing', async () => {
      const { provider, group, image } = await aBench();

      expect(await provider.preflight(group, image)).toMatchObject({ image });
      expect(await provider.list(group)).toEqual([]);
    });

    it('says what its template launches where that decides, and launches nothing that is expected to be another', async () => {
      const bench = await aBench();
      const { provider, image } = bench;

      const group = bench.byTemplate(image);
      const said = await provider.preflight(group, null);
      await provider.launch({ ...request(bench, 'r-1'), group });

      expect(said).toMatchObject({ image });
      await expect(
        provider.launch({ ...request(bench, 'r-2'), group: bench.byTemplate('web@0') }),
      ).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await provider.list(group)).toMatchObject([{ launchKey: 'r-1' }]);
    });

    it('launches once for each key: asked again, asked twice at once, asked after a restart', async () => {
      const bench = await aBench();

      const [first, second] = await Promise.all([
        bench.provider.launch(request(bench, 'r-1')),
        bench.provider.launch(request(bench, 'r-1')),
      ]);
      const third = await bench.provider.launch(request(bench, 'r-1'));
      const reopened = bench.reopen();
      const fourth = await reopened.launch(request(bench, 'r-1'));

      expect([second, third, fourth].map(({ providerId }) => providerId)).toEqual(Array(3).fill(first.providerId));
      expect(await reopened.list(bench.group)).toHaveLength(1);
    });

    it('keeps keys and groups apart', async () => {
      const bench = await aBench();
      const { provider, group, otherGroup } = bench;

      const one = await provider.launch(request(bench, 'r-1'));
      const two = await provider.launch(request(bench, 'r-2'));
      const other = await provider.launch({ ...request(bench, 'r-1'), group: otherGroup });

      expect(new Set([one, two, other].map(({ providerId }) => providerId)).size).toBe(3);
      expect((await provider.list(group)).map(({ launchKey }) => launchKey).sort()).toEqual(['r-1', 'r-2']);
      expect((await provider.list(otherGroup)).map(({ providerId }) => providerId)).toEqual([other.providerId]);
    });

    it('drains, and restores what it drained; twice is as good as once', async () => {
      const bench = await aBench();
      const { provider, group } = bench;
      const { providerId } = await provider.launch(request(bench, 'r-1'));
      const stateNow = async () => (await provider.list(group)).map(({ state }) => state);

      await provider.drain(group, providerId, by);
      await provider.drain(group, providerId, by);
      const drained = await stateNow();
      await provider.restore(group, providerId, by.key);
      await provider.restore(group, providerId, by.key);

      expect(drained).toEqual(['draining']);
      expect(await stateNow()).toEqual(['running']);
    });

    it('restores nothing that somebody else has drained', async () => {
      const bench = await aBench();
      const { provider, group } = bench;
      const { providerId } = await provider.launch(request(bench, 'r-1'));

      await provider.drain(group, providerId, { ...by, key: 'r-8' });
      await provider.drain(group, providerId, by);
      await provider.restore(group, providerId, by.key);

      expect(await provider.list(group)).toMatchObject([{ state: 'draining', drainedBy: 'r-8' }]);
    });

    it('terminates for good; terminating, draining and restoring what is gone is done', async () => {
      const bench = await aBench();
      const { provider, group } = bench;
      const { providerId } = await provider.launch(request(bench, 'r-1'));

      await provider.terminate(group, providerId);
      await provider.terminate(group, providerId);
      await provider.drain(group, providerId, by);
      await provider.restore(group, providerId, by.key);

      expect(await provider.list(group)).toEqual([]);
    });

    it('terminates what is drained, and only that', async () => {
      const bench = await aBench();
      const { provider, group } = bench;
      const old = await provider.launch(request(bench, 'r-1'));
      const made = await provider.launch(request(bench, 'r-2'));

      await provider.drain(group, old.providerId, by);
      await provider.terminate(group, old.providerId);

      expect(await provider.list(group)).toEqual([made]);
    });

    it('shows the disk of a machine as it is now, and that of no other', async () => {
      const bench = await aBench();
      const { provider, group } = bench;
      const one = await provider.launch(request(bench, 'r-1'));
      const two = await provider.launch(request(bench, 'r-2'));
      bench.write(one.providerId, 'changed', 'on one');

      const [ofOne, ofTwo] = [
        await provider.snapshot(group, one.providerId),
        await provider.snapshot(group, two.providerId),
      ];

      expect(readFileSync(join(ofOne.root, 'changed'), 'utf8')).toBe('on one');
      expect(existsSync(join(ofTwo.root, 'changed'))).toBe(false);
      for (const snapshot of [ofOne, ofTwo]) await snapshot.dispose();
    });

    it('shows a disk to several at once; disposing, also twice, leaves the machine and what others see', async () => {
      const bench = await aBench();
      const { provider, group } = bench;
      const machine = await provider.launch(request(bench, 'r-1'));
      bench.write(machine.providerId, 'changed', 'once');
      const [first, second] = [
        await provider.snapshot(group, machine.providerId),
        await provider.snapshot(group, machine.providerId),
      ];

      await first.dispose();
      await first.dispose();

      expect(readFileSync(join(second.root, 'changed'), 'utf8')).toBe('once');
      await second.dispose();
      expect(await provider.list(group)).toEqual([machine]);
      const third = await provider.snapshot(group, machine.providerId);
      expect(readFileSync(join(third.root, 'changed'), 'utf8')).toBe('once');
      await third.dispose();
    });

    it('has no disk to show of what is gone, or of another group', async () => {
      const bench = await aBench();
      const { provider, group, otherGroup } = bench;
      const { providerId } = await provider.launch(request(bench, 'r-1'));

      await expect(provider.snapshot(otherGroup, providerId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await provider.terminate(group, providerId);
      await expect(provider.snapshot(group, providerId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('ends a machine whose disk is being shown', async () => {
      const bench = await aBench();
      const { provider, group } = bench;
      const { providerId } = await provider.launch(request(bench, 'r-1'));
      const snapshot = await provider.snapshot(group, providerId);

      await provider.terminate(group, providerId);
      await snapshot.dispose();

      expect(await provider.list(group)).toEqual([]);
    });

    it('isolates, in service or drained, for good: nothing gives it back, and the first mark stays', async () => {
      const bench = await aBench();
      const { provider, group } = bench;
      const one = await provider.launch(request(bench, 'r-1'));
      const two = await provider.launch(request(bench, 'r-2'));
      await provider.drain(group, two.providerId, by);

      for (const key of ['q-1', 'q-2']) {
        await provider.isolate(group, one.providerId, key);
        await provider.isolate(group, two.providerId, key);
      }
      await provider.restore(group, one.providerId, 'q-1');
      await provider.restore(group, two.providerId, by.key);
      await provider.drain(group, one.providerId, by);
      const again = await provider.launch(request(bench, 'r-1'));

      const isolated = { state: 'isolated', drainedBy: 'q-1' };
      expect(again).toEqual({ ...one, ...isolated });
      expect(await bench.reopen().list(group)).toHaveLength(2);
      for (const machine of await provider.list(group)) expect(machine).toMatchObject(isolated);
    });

    it('ends what is isolated only for who isolated it', async () => {
      const bench = await aBench();
      const { provider, group } = bench;
      const { providerId } = await provider.launch(request(bench, 'r-1'));
      await provider.isolate(group, providerId, 'q-1');

      await expect(provider.terminate(group, providerId)).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(provider.terminate(group, providerId, 'q-2')).rejects.toMatchObject({ code: 'CONFLICT' });
      await bench.reopen().recover(group);
      const before = await provider.list(group);
      await provider.terminate(group, providerId, 'q-1');
      await provider.terminate(group, providerId, 'q-1');
      await provider.isolate(group, providerId, 'q-1');

      expect(before).toHaveLength(1);
      expect(await provider.list(group)).toEqual([]);
    });

    it('keeps a copy of a disk under its key, once, also when the machine has gone, until it is dropped', async () => {
      const bench = await aBench();
      const { provider, group, otherGroup } = bench;
      const { providerId } = await provider.launch(request(bench, 'r-1'));
      bench.write(providerId, 'changed', 'by an intruder');

      const kept = await provider.keepSnapshot(group, providerId, 'q-1');
      bench.write(providerId, 'changed', 'later');
      const again = await bench.reopen().keepSnapshot(group, providerId, 'q-1');
      await provider.terminate(group, providerId);

      expect(again).toEqual(kept);
      expect(kept).toMatchObject({ key: 'q-1', providerId });
      expect(await bench.reopen().listSnapshots(group)).toEqual([kept]);
      expect(await provider.listSnapshots(otherGroup)).toEqual([]);
      expect(readFileSync(join(kept.where, 'changed'), 'utf8')).toBe('by an intruder');
      await provider.dropSnapshot(group, kept.snapshotId);
      await provider.dropSnapshot(group, kept.snapshotId);
      expect(await provider.listSnapshots(group)).toEqual([]);
      expect(existsSync(kept.where)).toBe(false);
    });

    it('keeps no copy of what is gone, or of another group', async () => {
      const bench = await aBench();
      const { provider, group, otherGroup } = bench;
      const { providerId } = await provider.launch(request(bench, 'r-1'));

      await expect(provider.keepSnapshot(otherGroup, providerId, 'q-1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await provider.terminate(group, providerId);
      await expect(provider.keepSnapshot(group, providerId, 'q-1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('finds its machines again after a restart, and recovering leaves the living alone', async () => {
      const bench = await aBench();
      const machine = await bench.provider.launch(request(bench, 'r-1'));

      const reopened = bench.reopen();
      await reopened.recover(bench.group);

      expect(await reopened.list(bench.group)).toEqual([machine]);
    });
  });
}

export function request({ group, image }: Pick<Bench, 'group' | 'image'>, key: string): LaunchRequest {
  return { group, image, key, serverUrl: 'ws://127.0.0.1:9', joinToken: 'pst_none' };
}
