import type { Db } from '../../server/store/database.ts';
import { endLook, type LookEnd, type LookResult, requestLook } from '../../server/store/look-store.ts';
import { timestamp } from '../../shared/clock.ts';
import type { Finding } from '../../shared/finding.ts';
import type { Image } from '../../shared/image.ts';

const minute = 60_000;

/** Of one instance: a look that agreed, one that could not be made, and one that found its agent out. */
export async function seedLooks(
  db: Db,
  now: number,
  { instanceId, image, untold }: { readonly instanceId: string; readonly image: Image; readonly untold: Finding },
): Promise<void> {
  const result = (minutesAgo: number, overrides: Partial<LookResult> = {}): LookResult => ({
    measure: {
      ...{ imageDigest: image.digest, rules: 1, verdict: 'in_sync', findings: 0, entries: 11_677, checked: 11_679 },
      startedAt: timestamp(now - minutesAgo * minute),
      finishedAt: timestamp(now - minutesAgo * minute + 2_410),
      ...{ filesHashed: 9_120, bytesHashed: 327_000_000, holes: [], holesCount: 0 },
    },
    ...{ differences: [], differencesCount: 0, leftOut: 0, unseen: 0, rounds: 1 },
    ...overrides,
  });
  const { fingerprint, subject, name, change, attributes, severity, expected, actual } = untold;
  const seen = { fingerprint, subject, name, change, attributes, severity, expected, actual };
  const differs = result(20, { rounds: 2, differencesCount: 2 });
  const ends: readonly [minutesAgo: number, end: LookEnd][] = [
    [2_900, { outcome: 'agrees', detail: 'the disk is as its image', result: result(2_900) }],
    [
      1_500,
      {
        outcome: 'failed',
        detail: 'the look could not be made: the provider did not answer',
        result: result(1_500, { measure: null, rounds: 0 }),
      },
    ],
    [
      20,
      {
        outcome: 'differs',
        detail: 'the agent lied or was blinded: 1 difference on the disk and not told',
        result: {
          ...differs,
          measure: { ...differs.measure!, verdict: 'drifted', findings: 2 },
          differences: [
            { ...seen, told: 'untold', stands: true },
            { ...seen, fingerprint: '0'.repeat(64), name: '/etc/motd', severity: 'low', told: 'untold', stands: false },
          ],
        },
      },
    ],
  ];
  for (const [minutesAgo, end] of ends) {
    const request = { instanceId, group: 'web-prod', why: 'scheduled' as const };
    const look = await requestLook(db, request, now - minutesAgo * minute);
    await endLook(db, look, end, timestamp(now - minutesAgo * minute + 20_000));
  }
}
