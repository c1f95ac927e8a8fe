import { describe, expect, it } from 'vitest';
import { alikeThreshold, openAlikeBook } from '../../../server/replace/alike.ts';
import { shapeOf, shapesOf } from '../../../server/replace/shape.ts';
import type { InstanceDrift, ReplacedDrift } from '../../../server/replace/snapshot.ts';
import { severities } from '../../../shared/severity.ts';
import { aGroupSnapshot, anInstance, aTainted, now } from '../../support/snapshot.ts';

const hourMs = 3_600_000;
const motd = 'modified file /etc/motd';

function aDrift(shape: string, overrides: Partial<InstanceDrift> = {}): InstanceDrift {
  return { fingerprint: shape, shape, severity: 'high', firstSeenAt: now - hourMs, heldUntil: null, ...overrides };
}

function replaced(index: number, shape = motd, at = now - index * hourMs): ReplacedDrift {
  return { replacementId: `r${index}`, instanceId: `old-${index}`, at, shapes: [shape] };
}

const cause = (overrides: Parameters<typeof aGroupSnapshot>[0], size = 20) =>
  openAlikeBook()(aGroupSnapshot(overrides), size, now);
const drifted = (shape = motd) => aTainted({ drifts: [aDrift(shape)] });

describe('drift that is alike', () => {
  it('is limited to 5 %, at least three and at most twenty', () => {
    expect([3, 20, 60, 79, 80, 400, 10_000].map(alikeThreshold)).toEqual([3, 3, 3, 3, 4, 20, 20]);
  });

  it('counts those that were replaced within a week, each clean at its proof', () => {
    const two = [replaced(1), replaced(2)];

    expect(cause({ replaced: two })).toBeUndefined();
    expect(cause({ replaced: two, instances: [drifted('added file /tmp/x')] })).toBeUndefined();
    expect(cause({ replaced: two, instances: [drifted()] })).toBe(
      `3 instances drifted alike within a week, those that were replaced counted: ${motd}; the limit is 3 for a group of 20`,
    );
    expect(cause({ replaced: [...two, replaced(3)] })).toBeDefined();
  });

  it('counts an instance once, however often it is in it', () => {
    const instances = [aTainted({ id: 'old-1', lifecycle: 'replacing', drifts: [aDrift(motd)] }), drifted()];

    expect(cause({ replaced: [replaced(1)], instances })).toBeUndefined();
  });

  it('is enough where one drifts as the one that it replaced', () => {
    const heir = { launchKey: 'r-r1', providerId: 'm-heir' };
    const again = aTainted({ ...heir, drifts: [aDrift('added file /x', { severity: 'low' }), aDrift(motd)] });
    const otherwise = aTainted({ ...heir, drifts: [aDrift('added file /x')] });

    expect(cause({ replaced: [replaced(1)], instances: [again] })).toBe(
      `m-heir drifted as the one that it replaced: ${motd}`,
    );
    expect(cause({ replaced: [replaced(1)], instances: [otherwise] })).toBeUndefined();
  });

  it('counts nothing that a person has seen, who reset the breaker since', () => {
    const three = [replaced(1), replaced(2), replaced(3)];

    expect(cause({ replaced: three, breakerResetAt: now - 2.5 * hourMs })).toBeUndefined();
    expect(cause({ replaced: three, breakerResetAt: now - 4 * hourMs })).toBeDefined();
  });

  it('counts nothing that only new rules find, for their first hour', () => {
    const held = [aDrift(motd, { heldUntil: now + 1 })];
    const instances = [1, 2, 3].map(() => aTainted({ drifts: held }));

    expect(cause({ instances })).toBeUndefined();
  });

  it('has a shape that is bounded, and tells names apart however long they are', () => {
    const long = (end: string) => shapeOf({ change: 'added', subject: 'file', name: `/${'x'.repeat(30_000)}${end}` });

    expect(shapeOf({ change: 'modified', subject: 'file', name: '/etc/motd' })).toBe(motd);
    expect(long('a').length).toBeLessThan(200);
    expect(long('a')).not.toBe(long('b'));
    const many = Array.from({ length: 100 }, (_, n) => aDrift(`${n}`, { severity: severities[1 + (n % 4)]! }));
    expect(shapesOf(many)).toHaveLength(20);
    expect(shapesOf(many)).not.toContain('0');
  });

  it('is nothing in a group in which nobody drifted', () => {
    expect(cause({ instances: [anInstance()] })).toBeUndefined();
  });
});
