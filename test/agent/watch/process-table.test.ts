import { beforeEach, describe, expect, it } from 'vitest';
import { createProcessTable, type ProcessTable, type ProcessTableLimits } from '../../../agent/watch/process-table.ts';
import type { ProcessFacts } from '../../../agent/watch/read-process.ts';

/** What runs now, and how often somebody looked. */
let world: Map<number, ProcessFacts>;
let reads: number;
let now: number;
let isFollowed: boolean;
let table: ProcessTable;

beforeEach(() => {
  world = new Map([
    [1, aProcess('/sbin/init', 0)],
    [10, aProcess('/bin/bash', 1)],
  ]);
  reads = 0;
  now = 0;
  isFollowed = true;
  table = aTable();
});

describe('the table of processes', () => {
  it('says who a process is, and where it comes from', () => {
    expect(table.actorOf(10)).toMatchObject({
      pid: 10,
      program: '/bin/bash',
      parents: [{ pid: 1, program: '/sbin/init' }],
    });
  });

  it('says nothing of one that is gone and was never seen', () => {
    expect(table.actorOf(99)).toEqual({
      ...{ pid: 99, program: null, command: null, uid: null, loginUid: null, session: null, unit: null },
      ...{ container: null, parents: [] },
    });
  });

  it('remembers one that has ended, by the program it started and by its parents', () => {
    table.note({ kind: 'forked', pid: 11, parent: 10 });
    world.set(11, aProcess('/usr/bin/sed', 10));
    table.note({ kind: 'started', pid: 11 });
    world.delete(11);
    world.delete(10);
    now += 60_000;

    expect(table.actorOf(11)).toMatchObject({
      program: '/usr/bin/sed',
      parents: [{ program: '/bin/bash' }, { program: '/sbin/init' }],
    });
  });

  it('takes one that started nothing for what its parent is', () => {
    table.note({ kind: 'forked', pid: 11, parent: 10 });

    expect(table.actorOf(11)).toMatchObject({ pid: 11, program: '/bin/bash', parents: [{ pid: 10 }, { pid: 1 }] });
  });

  it('does not call one by its parent that had started a program and ended before it could be read', () => {
    table.note({ kind: 'forked', pid: 11, parent: 10 });
    table.note({ kind: 'started', pid: 11 });

    expect(table.actorOf(11)).toMatchObject({ program: null, command: null, parents: [{ program: '/bin/bash' }, {}] });
  });

  describe('of one that ended before it could be read', () => {
    const loader = '/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2';
    const opened = (path: string) => table.opened(11, path);
    const started = () => table.note({ kind: 'started', pid: 11 });

    beforeEach(() => table.note({ kind: 'forked', pid: 11, parent: 10 }));

    it.each([
      ['is told of before its start', () => [opened('/usr/bin/cp'), opened(loader), started()]],
      ['is told of after its start', () => [started(), opened('/usr/bin/cp'), opened(loader)]],
      ['is told of around its start', () => [opened('/usr/bin/cp'), started(), opened(loader)]],
      ['comes behind a script', () => [opened('/tmp/script'), opened('/usr/bin/cp'), started(), opened(loader)]],
      ['is told of before a second start', () => [started(), opened('/bin/sh'), opened('/usr/bin/cp'), started()]],
      ['comes behind another start', () => [started(), started(), opened('/bin/sh'), opened('/usr/bin/cp')]],
    ])('knows the program by what it opened to run, when that %s', (_, happen) => {
      happen();

      expect(table.actorOf(11)).toMatchObject({ program: '/usr/bin/cp', command: null, parents: [{ pid: 10 }, {}] });
    });

    it('knows the program also where it is that of its parent', () => {
      opened('/bin/bash');
      started();

      expect(table.actorOf(11).program).toBe('/bin/bash');
    });

    it('keeps who it was, though something of it is still there', () => {
      world.set(11, { ...aProcess('', 10), program: null, uid: 0, unit: null });
      table.note({ kind: 'user-changed', pid: 11, uid: 33 });
      started();
      opened('/usr/bin/cp');

      expect(table.actorOf(11)).toMatchObject({ program: '/usr/bin/cp', uid: 33 });
    });
  });

  it('knows one that runs by what it runs, and not by what it opened to run', () => {
    table.actorOf(10);
    table.opened(10, '/usr/bin/cp');

    expect(table.actorOf(10).program).toBe('/bin/bash');
  });

  it('where processes are not followed, knows one for a second by what it opened to run', () => {
    isFollowed = false;
    world.set(11, aProcess('/bin/bash', 10));
    table.opened(11, '/usr/bin/cp');
    world.delete(11);

    expect(table.actorOf(11)).toMatchObject({
      program: '/usr/bin/cp',
      command: null,
      uid: 0,
      parents: [{ pid: 10 }, {}],
    });
    now += 1_000;
    expect(table.actorOf(11).program).toBeNull();
  });

  it('follows a change of user', () => {
    table.note({ kind: 'forked', pid: 11, parent: 10 });
    table.note({ kind: 'user-changed', pid: 11, uid: 33 });

    expect([table.actorOf(11).uid, table.actorOf(10).uid]).toEqual([33, 0]);
  });

  it('gives the same actor again, without a look, for a second', () => {
    const first = table.actorOf(10);
    const readsBefore = reads;

    expect(table.actorOf(10)).toBe(first);
    expect(reads).toBe(readsBefore);
    world.set(10, aProcess('/usr/bin/other', 1));
    now += 1_000;
    expect(table.actorOf(10).program).toBe('/usr/bin/other');
  });

  it('where processes are not followed, does not take a gone one for who had its id a while ago', () => {
    isFollowed = false;
    table.actorOf(10);
    world.delete(10);
    now += 1_000;

    expect(table.actorOf(10).program).toBeNull();
  });

  it('keeps a bounded number, and reads a bounded number a second', () => {
    table = aTable({ processesMax: 3, readsPerSecondMax: 2 });
    for (let pid = 100; pid < 110; pid++) {
      world.set(pid, aProcess(`/bin/p${pid}`, 1));
      table.note({ kind: 'started', pid });
    }
    expect(reads).toBe(2);
    world.clear();

    const known = Array.from({ length: 10 }, (_, index) => table.actorOf(100 + index).program);
    expect(known.filter((program) => program !== null)).toEqual(['/bin/p100', '/bin/p101']);
  });

  it('survives a parent that is its own child', () => {
    world.set(5, aProcess('/bin/a', 6));
    world.set(6, aProcess('/bin/b', 5));

    expect(table.actorOf(5).parents).toHaveLength(8);
  });
});

function aTable(limits: Partial<ProcessTableLimits> = {}): ProcessTable {
  return createProcessTable({
    read: (pid) => {
      reads++;
      return world.get(pid);
    },
    isFollowed: () => isFollowed,
    clock: { monotonic: () => now },
    limits,
  });
}

function aProcess(program: string, parent: number): ProcessFacts {
  return {
    ...{ program, command: program, uid: 0, loginUid: null, session: null, unit: null, container: null },
    parent,
  };
}
