import { describe, expect, it } from 'vitest';
import { createDirtySet, type DirtySet } from '../../../agent/check/dirty-set.ts';
import { digestOf } from '../../../shared/digest.ts';
import { anActor } from '../../support/builders.ts';

describe('the dirty set', () => {
  it('holds each name once until it is taken', () => {
    const dirty = createDirtySet();
    for (const name of ['/a', '/b', '/a']) add(dirty, name);

    expect(taken(dirty)).toEqual(['/a', '/b']);
    expect(taken(dirty)).toEqual([]);
  });

  it('asks for a sweep past its bound, and is whole again after', () => {
    const dirty = createDirtySet(2);
    for (const name of ['/a', '/b', '/c', '/d']) add(dirty, name);

    expect([dirty.overflowed, dirty.size, dirty.dueAt()]).toEqual([true, 0, Number.POSITIVE_INFINITY]);
    dirty.goOn();
    add(dirty, '/e');
    expect([dirty.overflowed, taken(dirty)]).toEqual([false, ['/e']]);
  });

  it('still knows who changed what became too much, once, and not without end', () => {
    const dirty = createDirtySet(2);
    const actor = anActor();
    for (let n = 0; n < 20_000; n++) dirty.add({ name: `/${n}`, changes: 1, isWritten: true, actor }, 0);

    const { names } = dirty.takeForgotten();

    expect([names.size, names.get('/0')?.actors, names.get('/16383')?.actors]).toEqual([16_384, [actor], [actor]]);
    expect(dirty.takeForgotten().names.size).toBe(0);
  });

  it('counts the changes of a name, and keeps who made them, each once', () => {
    const dirty = createDirtySet();
    const [dpkg, vi] = [anActor({ pid: 1, program: '/usr/bin/dpkg' }), anActor({ pid: 2, program: '/usr/bin/vi' })];
    for (const actor of [dpkg, dpkg, vi, { ...vi, pid: 3 }, undefined]) {
      dirty.add({ name: '/a', changes: 1, isWritten: actor === dpkg, actor }, 0);
    }

    expect(dirty.take(0).names.get('/a')).toMatchObject({ changes: 5, isWritten: true, actors: [dpkg, vi] });
  });

  it('keeps the different ways in which a program began to run', () => {
    const dirty = createDirtySet();
    for (const state of ['there', 'deleted', 'there'] as const) {
      dirty.addStart({ name: '/tmp/x', state, actor: anActor() }, 0);
    }

    const { names, programs } = dirty.take(0);

    expect(names.size).toBe(0);
    expect(programs.get('/tmp/x')).toMatchObject({ changes: 3, starts: [{ state: 'there' }, { state: 'deleted' }] });
  });

  it('lets a name that flaps wait longer each time, up to a minute where that is told, and no other name with it', () => {
    const dirty = createDirtySet();
    const waits: number[] = [];
    let now = 0;
    for (let look = 0; look < 14; look++) {
      add(dirty, '/flapping', now);
      waits.push(dirty.dueAt() - now);
      now = dirty.dueAt();
      expect(dirty.take(now - 1).names.size).toBe(0);
      expect(dirty.take(now).names.size).toBe(1);
      dirty.found(['/flapping']);
    }

    expect(waits).toEqual([0, 0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, ...Array(5).fill(60_000)]);
    add(dirty, '/other', now);
    expect(dirty.dueAt()).toBe(now);
  });

  it('lets one of which nothing was found wait two seconds at most: it may come and go', () => {
    const dirty = createDirtySet();
    const waits: number[] = [];
    let now = 0;
    for (let look = 0; look < 8; look++) {
      add(dirty, '/etc/cron.d/evil', now);
      waits.push(dirty.dueAt() - now);
      now = dirty.dueAt();
      dirty.take(now);
    }

    expect(waits).toEqual([0, 0, 500, 1_000, 2_000, 2_000, 2_000, 2_000]);
  });

  it('keeps programs that began to run when names become too much, and fills no memory with long names', () => {
    const dirty = createDirtySet();
    const long = 'x'.repeat(8_000);
    dirty.addStart({ name: '/tmp/evil', state: 'there', actor: anActor() }, 0);
    for (let n = 0; n < 2_000; n++) add(dirty, `/${long}${n}`);

    expect(dirty.overflowed).toBe(true);
    expect([...dirty.take(0).programs.keys()]).toEqual(['/tmp/evil']);
    expect(dirty.takeForgotten().names.size).toBeLessThan(600);
  });

  it('cannot say of a program that it is fine when it began in more ways than are kept', () => {
    const dirty = createDirtySet();
    for (let n = 0; n < 6; n++) {
      dirty.addStart({ name: 'memfd:x', state: 'memfd', digest: digestOf(`${n}`), actor: anActor() }, 0);
    }

    const digests = dirty
      .take(0)
      .programs.get('memfd:x')
      ?.starts.map(({ digest }) => digest);

    expect(digests).toEqual([...['0', '1', '2', '3'].map(digestOf), 'unknown']);
  });

  it('looks at once again at what was quiet for a minute', () => {
    const dirty = createDirtySet();
    for (const now of [0, 1, 2]) {
      add(dirty, '/a', now);
      dirty.take(1_000 * now);
    }

    add(dirty, '/a', 70_000);

    expect(dirty.dueAt()).toBe(70_000);
  });
});

function add(dirty: DirtySet, name: string, now = 0): void {
  dirty.add({ name, changes: 1, isWritten: false }, now);
}

function taken(dirty: DirtySet): readonly string[] {
  return [...dirty.take(0).names.keys()];
}
