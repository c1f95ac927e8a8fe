import { applyDocument } from '../../server/store/apply.ts';
import { requestApprovals } from '../../server/store/approval-store.ts';
import type { Db } from '../../server/store/database.ts';
import { placeHold } from '../../server/store/hold-store.ts';
import { writeMachine } from '../../server/store/machine-store.ts';
import type { ApprovedCause } from '../../shared/api-approvals.ts';
import { Exemption } from '../../shared/exemption.ts';
import { Policy } from '../../shared/policy.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import { aGroup, anInstanceRow } from './builders.ts';
import { web7 } from './seed-replacements.ts';

const minute = 60_000;
const hour = 60 * minute;

/** Beside a seeded fleet: something of each that people decide. It has a group of its own, and nothing in it moves by itself. */
export async function seedDecisions(db: Db, now: number): Promise<void> {
  const at = (minutesAgo: number) => new Date(now - minutesAgo * minute).toISOString();
  const group = 'shop';
  const apply = (document: Parameters<typeof applyDocument>[1], minutesAgo: number, actor: string) =>
    applyDocument(db, document, at(minutesAgo), actor);
  await apply(aGroup({ name: group, images: { stable: 'web@6' } }), 900, 'alice');
  await apply(aGroup({ name: group, images: { stable: 'web@7' } }), 400, 'alice');
  const careful = (settle: string) =>
    Policy.parse({
      ...{ kind: 'Policy', name: 'careful', select: { group }, mode: 'enforce' },
      triggers: [{ drift: { severity: 'high', settle } }, { outdated: true }],
      ...{ approval: { count: 1 }, quarantine: { severity: 'high', keepFor: '72h' }, budgets: [{ max: 1 }] },
    });
  await apply(careful('10m'), 800, 'bob');
  await apply(careful('2m'), 300, 'carol');
  await apply(
    Policy.parse({ ...careful('2m'), name: 'nowhere', select: { group: 'shpo' }, mode: 'observe' }),
    200,
    'bob',
  );

  const shapes = ['modified file /etc/ssh/sshd_config', 'added file /usr/bin/\u202Exe.doc'];
  const cause: ApprovedCause = { trigger: 'drift', severity: 'high', shapes };
  const bound = { group, policy: 'careful', policyVersion: 2, cause, targetDigest: web7.digest };
  await requestApprovals(db, [bound], now - 12 * minute);

  await db.transaction().execute(async (tx) => {
    const hold = {
      scope: 'group',
      target: group,
      reason: 'its database is being moved',
      author: 'dave',
      ms: 20 * hour,
    } as const;
    await placeHold(tx, hold, now - 30 * minute);
  });
  await insertKept(db, now, group);
  const machine = { group_name: group, zone: 'eu-1', told: 'absent' } as const;
  // Two, because a provider that lists nothing where there were several is not believed.
  for (const provider_id of ['shop-9', 'shop-10'])
    await writeMachine(db, { ...machine, provider_id, first_listed_at: at(95) });
  await apply(anExemption(group, now), 100, 'erin');
}

/** A machine that is isolated and copied, with another in its place. */
async function insertKept(db: Db, now: number, group: string): Promise<void> {
  const at = (minutesAgo: number) => new Date(now - minutesAgo * minute).toISOString();
  const row = anInstanceRow({
    ...{ id: uuidv7(now), provider_id: 'shop-3', group_name: group, image_digest: web7.digest },
    ...{ lifecycle: 'quarantined', verdict: 'drifted', taint_severity: 'critical', taint_at: at(700) },
    ...{ enrolled_at: at(3_000), last_seen_at: at(650) },
  });
  await db.insertInto('instance').values(row).execute();
  await db
    .insertInto('quarantine')
    .values({
      ...{ id: uuidv7(now), group_name: group, instance_id: row.id, provider_id: 'shop-3' },
      ...{
        replacement_id: uuidv7(now),
        owner: 'policy careful',
        reason: 'critical drift: a setuid file',
        severity: 'critical',
      },
      ...{ state: 'kept', snapshot_id: 'snap-3', snapshot_at: '/srv/evidence/snap-3', keep_ms: 72 * hour },
      ...{ expires_at: new Date(now + 61 * hour).toISOString(), attempts: 0, created_at: at(660), updated_at: at(655) },
    })
    .execute();
}

function anExemption(group: string, now: number): Exemption {
  return Exemption.parse({
    ...{ kind: 'Exemption', name: 'old-motd', group, reason: 'the text of the image before' },
    drift: { file: '/etc/motd', change: 'modified', content: web7.digest },
    until: new Date(now + 20 * 24 * hour).toISOString(),
  });
}
