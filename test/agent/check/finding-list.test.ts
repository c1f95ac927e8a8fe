import { describe, expect, it } from 'vitest';
import { openFindingList } from '../../../agent/check/finding-list.ts';
import { aFinding } from '../../support/builders.ts';

const limits = { openFindingsMax: 10, openBytesMax: 1_000_000 };

function relabelled(n: number) {
  const [expected, actual] = [{ selinux: 'etc_t' }, { selinux: 'var_t' }];
  const name = `/a${String(n).padStart(3, '0')}`;
  return aFinding({ name, attributes: ['selinux'], expected, actual, severity: 'medium', rule: 'default' });
}

describe('the findings of a scan', () => {
  it('are all there without limits', () => {
    const list = openFindingList();
    for (let n = 0; n < 100; n++) list.add(relabelled(n));

    expect([list.all().length, list.isCut()]).toEqual([100, false]);
  });

  it.each([0, 50, 100])(
    'keep a changed file that comes after %d of a relabel, and say that there were more',
    (before) => {
      const list = openFindingList(limits);
      for (let n = 0; n < before; n++) list.add(relabelled(n));
      list.add(aFinding({ name: '/z', severity: 'medium' }));
      for (let n = before; n < 100; n++) list.add(relabelled(n));

      const names = list.all().map(({ name }) => name);

      expect(names).toEqual(['/a000', '/a001', '/a002', '/a003', '/a004', '/z']);
      expect(list.isCut()).toBe(true);
    },
  );

  it('are whole at the limit', () => {
    const list = openFindingList(limits);
    for (let n = 0; n < limits.openFindingsMax; n++) list.add(aFinding({ name: `/f${n}` }));

    expect([list.all().length, list.isCut()]).toEqual([10, false]);
  });
});
