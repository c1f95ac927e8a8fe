import { describe, expect, it } from 'vitest';
import { createDirtySet } from '../../../agent/check/dirty-set.ts';

describe('the dirty set', () => {
  it('holds each name once until it is taken', () => {
    const dirty = createDirtySet();
    for (const name of ['/a', '/b', '/a']) dirty.add(name);

    expect(dirty.take()).toEqual(['/a', '/b']);
    expect(dirty.take()).toEqual([]);
  });

  it('asks for a sweep past its bound, and is whole again after', () => {
    const dirty = createDirtySet(2);
    for (const name of ['/a', '/b', '/c', '/d']) dirty.add(name);

    expect([dirty.overflowed, dirty.size]).toEqual([true, 0]);
    dirty.take();
    dirty.add('/e');
    expect([dirty.overflowed, dirty.take()]).toEqual([false, ['/e']]);
  });
});
