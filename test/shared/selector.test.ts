import { describe, expect, it } from 'vitest';
import { Selector, selectorIn, selectorText } from '../../shared/selector.ts';

const group = { name: 'web', labels: { env: 'prod' } };
const instance = { image: { name: 'web', version: '7' }, labels: { tier: 'front', env: 'old' }, zone: 'a' };
const isSelected = (select: Selector, one = instance) => selectorIn(select, group)?.(one) ?? false;

describe('a selector', () => {
  it.each<[string, Selector]>([
    ['its group', { group: 'web' }],
    ['its image in this version', { image: 'web@7' }],
    ['its image in any version', { image: 'web' }],
    ['a label of the group', { labels: { env: 'prod' } }],
    ['a label that it enrolled with', { labels: { tier: 'front' } }],
    ['its zone', { zone: 'a' }],
    ['all of them', { group: 'web', image: 'web', labels: { env: 'prod', tier: 'front' }, zone: 'a' }],
  ])('selects an instance by %s', (_, select) => {
    expect(isSelected(select)).toBe(true);
  });

  it.each<[string, Selector]>([
    ['nothing', {}],
    ['no label', { labels: {} }],
    ['another group', { group: 'api' }],
    ['another version', { image: 'web@8' }],
    ['an image of which it is the beginning', { image: 'we' }],
    ['a label that the group has otherwise now', { labels: { env: 'old' } }],
    ['a label that nothing has', { labels: { constructor: 'x' } }],
    ['another zone', { zone: 'b' }],
    ['one part that does not match', { group: 'web', zone: 'b' }],
  ])('selects nothing by %s', (_, select) => {
    expect(isSelected(select)).toBe(false);
  });

  it('selects nothing of which zone or image are not known, by zone or image', () => {
    const unknown = { image: null, labels: {}, zone: null } as never;

    expect([{ zone: 'a' }, { image: 'web' }].map((select) => isSelected(select, unknown))).toEqual([false, false]);
  });

  it('refuses what agents claim of themselves, and what is no part of it', () => {
    const refused = [{ labels: { 'self.role': 'x' } }, { instance: 'i' }, { image: 'web@' }, { zone: '' }];

    expect(refused.map((select) => Selector.safeParse(select).success)).toEqual([false, false, false, false]);
  });

  it('is said in a line', () => {
    expect([{}, { labels: { env: 'prod' }, zone: 'a' }].map(selectorText)).toEqual(['nothing', 'env=prod, zone a']);
  });
});
