import { describe, expect, it } from 'vitest';
import { openHoleList } from '../../../agent/check/hole-list.ts';
import { withoutMoved } from '../../../agent/check/moved-mounts.ts';
import type { Mounts } from '../../../agent/collect/mounts.ts';
import { aFinding } from '../../support/builders.ts';

describe('findings that were made while a filesystem came or went', () => {
  const found = ['/srv', '/srv/a', '/srv/a/f', '/srv/ab'].map((name) => aFinding({ name }));

  it.each([
    ['came', [], [['/srv/a', 'tmpfs']]],
    ['went', [['/srv/a', 'tmpfs']], []],
    ['took the place of another', [['/srv/a', 'tmpfs']], [['/srv/a', 'ext4']]],
  ] as const)('are a hole where it %s, and stand elsewhere', (_what, before, after) => {
    const holes = openHoleList();

    const standing = withoutMoved(found, mounts(before), mounts(after), holes);

    expect(standing.map(({ name }) => name)).toEqual(['/srv', '/srv/ab']);
    expect(holes.all()).toEqual([{ subject: 'file', name: '/srv/a', reason: 'unstable' }]);
  });

  it('stand where others came, and where all stayed: that is no hole', () => {
    const holes = openHoleList();

    expect(withoutMoved(found, mounts([]), mounts([['/mnt', 'ext4']]), holes)).toEqual(found);
    expect(withoutMoved(found, mounts([['/srv/a', 'ext4']]), mounts([['/srv/a', 'ext4']]), holes)).toEqual(found);
    expect(holes.all()).toEqual([]);
  });
});

function mounts(all: readonly (readonly [path: string, type: string])[]): Mounts {
  const list = all.map(([path, type]) => ({ path, type, pseudo: false }));
  return { at: () => undefined, around: () => undefined, all: () => list, isListed: true, isExpected: () => true };
}
