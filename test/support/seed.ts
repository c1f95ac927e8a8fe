import type { Insertable } from 'kysely';
import type { Db } from '../../server/store/database.ts';
import { detailsOf } from '../../server/store/finding-details.ts';
import { insertImage } from '../../server/store/image-store.ts';
import { specText } from '../../server/store/spec.ts';
import type { InstanceTable } from '../../server/store/tables.ts';
import { type Digest, digestOf } from '../../shared/digest.ts';
import { unsignedEnvelope } from '../../shared/dsse.ts';
import type { Finding } from '../../shared/finding.ts';
import { Policy } from '../../shared/policy.ts';
import { restoredFinding } from '../../shared/restored.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import { aFinding, aGroup, anActor, anInstanceRow } from './builders.ts';
import { seedLooks } from './seed-looks.ts';
import { seededCoverage, seedReplacements, web7 } from './seed-replacements.ts';

const minute = 60_000;
const web6 = { name: 'web', version: '6', digest: digestOf('web@6') };

/** A right-to-left override before `cod.exe`, and a zero-width space: names that lie when they are shown as they are. */
export const hostileName = '/usr/bin/\u202Ecod.exe\u200B';

export interface Seeded {
  readonly drifted: string;
  /** Drifted, and in doubt. */
  readonly doubted: string;
  readonly reverted: string;
  readonly holes: string;
  /** In sync, with a finding that is restored. */
  readonly restored: string;
  readonly proven: string;
  readonly failed: string;
}

/**
 * A fleet with one of each: what a console must show. Nothing in it moves by itself: no replacement is under way, and the
 * one policy only observes. `extra` more clean instances make it large.
 */
export async function seedFleet(db: Db, now: number, extra = 0): Promise<Seeded> {
  const at = (minutesAgo: number) => new Date(now - minutesAgo * minute).toISOString();
  for (const image of [web7, web6]) await insertImage(db, anImage(image, at(9_000)));
  await insertGroups(db, at(600));

  const row = (minutesAgo: number, overrides: Partial<Insertable<InstanceTable>> = {}) =>
    aScannedRow({
      scanned: at(minutesAgo),
      began: at(minutesAgo + 0.06),
      enrolled: at(3_000),
      id: uuidv7(now),
      ...overrides,
    });
  const drifted = row(4, { provider_id: 'web-03', verdict: 'drifted', taint_severity: 'critical', taint_at: at(14) });
  const alsoDrifted = row(8, {
    ...{ provider_id: 'web-07', verdict: 'drifted', taint_severity: 'high', taint_at: at(44) },
    doubts: JSON.stringify([{ kind: 'cloned-identity', since: at(9) }]),
  });
  const reverted = row(3, { provider_id: 'web-05', taint_severity: 'medium', taint_at: at(95) });
  const holes = row(6, {
    provider_id: 'web-09',
    verdict: 'unverifiable',
    coverage: JSON.stringify({
      ...seededCoverage(),
      holes: [{ subject: 'file', name: '/etc/shadow', reason: 'unreadable' }],
    }),
  });
  const expired = row(1_200, { provider_id: 'web-11' });
  const neverScanned = anInstanceRow({
    ...{ id: uuidv7(now), provider_id: 'web-12', group_name: 'web-prod', image_digest: web7.digest },
    ...{ verdict: 'unverifiable', scan_id: null, scan_started_at: null, scan_finished_at: null, coverage: null },
    ...{ state_digest: null, enrolled_at: at(2), last_seen_at: at(0), facts: JSON.stringify(facts('web-12')) },
  });
  const outdated = row(5, { provider_id: 'batch-1', group_name: 'batch', image_digest: web6.digest });
  const retired = row(200, {
    provider_id: 'web-02',
    lifecycle: 'retired',
    verdict: 'drifted',
    taint_severity: 'high',
    taint_at: at(190),
  });
  const successor = row(2, { provider_id: 'web-13' });
  const clean = ['web-01', 'web-04', 'web-06', 'web-08', 'web-10'].map((provider_id, n) => row(n + 1, { provider_id }));
  const crowd = Array.from({ length: extra }, (_, n) =>
    row((n % 50) + 1, { provider_id: `crowd-${n}`, group_name: 'batch' }),
  );
  const all = [
    drifted,
    alsoDrifted,
    reverted,
    holes,
    expired,
    neverScanned,
    outdated,
    retired,
    successor,
    ...clean,
    ...crowd,
  ];
  for (let n = 0; n < all.length; n += 100)
    await db
      .insertInto('instance')
      .values(all.slice(n, n + 100))
      .execute();

  const sshd = aFinding({
    name: '/etc/ssh/sshd_config',
    attributes: ['content', 'size'],
    ...sshdSides,
    rule: '/etc/ssh/sshd_config',
    diff: sshdDiff,
    actors: [anActor(), agentOfDeploy],
    changes: 5,
  });
  const setuid = aFinding({
    name: hostileName,
    change: 'added',
    severity: 'critical',
    ...setuidSides,
    rule: 'guard setuid',
    actors: [hostileActor],
    changes: 1,
  });
  const gone = aFinding({
    name: '/usr/share/doc/web/README',
    change: 'removed',
    severity: 'medium',
    ...goneSides,
    changes: 2,
  });
  await insertFindings(db, drifted.id, [sshd, setuid, gone], at(14), at(4), null);
  await insertFindings(db, alsoDrifted.id, [sshd], at(44), at(8), null);
  await insertFindings(db, reverted.id, [gone], at(95), at(90), at(90));
  await insertFindings(db, retired.id, [sshd], at(190), at(185), null);
  const restored = { ...restoredFinding('/usr/bin/passwd'), actors: [anActor({ pid: 812 })], changes: 2 };
  await insertFindings(db, clean[0]!.id, [restored], at(3), at(1), null);

  await seedLooks(db, now, { instanceId: drifted.id, image: web7, untold: setuid });
  const replaced = await seedReplacements(db, now, { finding: sshd, retired, successor, failing: alsoDrifted });
  return {
    ...{ drifted: drifted.id, doubted: alsoDrifted.id, reverted: reverted.id, holes: holes.id },
    ...{ restored: clean[0]!.id, ...replaced },
  };
}

const agentOfDeploy = anActor({
  ...{ pid: 31_337, program: '/usr/bin/python3.11', command: null, loginUid: null, session: null },
  ...{ unit: 'deploy.service', container: '3f'.repeat(32), parents: [{ pid: 1, program: '/usr/lib/systemd/systemd' }] },
});
/** A program that is called like a sentence of ours, with a mark that turns text around, run by one that was gone. */
const hostileActor = anActor({
  ...{
    pid: 666,
    program: '/tmp/\u202Efdp.<b>sh</b> as uid 7',
    command: '/tmp/x \u200Bhidden',
    uid: 33,
    loginUid: null,
  },
  ...{ session: null, unit: 'web\u2066.service', parents: [{ pid: 665, program: null }] },
});

const sshdSides = {
  expected: { type: 'file', mode: '0644', uid: 0, gid: 0, content: digestOf('baked'), size: '3287' },
  actual: { type: 'file', mode: '0644', uid: 0, gid: 0, content: digestOf('found'), size: '3311' },
};
/** With a mark that turns text around, a tab, markup and a secret that changed. */
const sshdDiff = {
  text: [
    '@@ -32,7 +32,8 @@',
    ' #LoginGraceTime 2m',
    '-PermitRootLogin prohibit-password',
    '+PermitRootLogin yes',
    ' #StrictModes\tyes',
    '-Banner <b>old</b>',
    '+Banner <b>new</b> \u202Eevil',
    '-SetEnv TOKEN=«redacted 1»',
    '+SetEnv TOKEN=«redacted 2»',
    ' UsePAM yes',
    '',
  ].join('\n'),
  redactions: 2,
  truncated: false,
};
const setuidSides = {
  attributes: ['content', 'gid', 'mode', 'size', 'type', 'uid'],
  expected: {},
  actual: { content: digestOf('shell'), gid: 0, mode: '4755', size: '125688', type: 'file', uid: 0 },
};
const goneSides = {
  attributes: ['content', 'mode', 'type'],
  expected: { content: digestOf('readme'), mode: '0644', type: 'file' },
  actual: {},
};

function anImage(image: { name: string; version: string; digest: Digest }, pushedAt: string) {
  const statement = unsignedEnvelope(Buffer.from('{}'));
  const platform = { os: 'linux', arch: 'x64', distro: 'debian-12' };
  return {
    ...image,
    manifest: statement,
    rules: statement,
    platform,
    entries: 11_677,
    rulesSequence: 1,
    signedBy: [],
    pushedAt,
  };
}

async function insertGroups(db: Db, at: string): Promise<void> {
  const web = aGroup({ name: 'web-prod', images: { stable: 'web@7' }, labels: { env: 'prod' } });
  const batch = aGroup({ name: 'batch', images: { stable: 'web@7' } });
  const cause = '4 of 6 instances tainted, the limit is 3: /etc/ssh/sshd_config modified on all of them';
  await db
    .insertInto('instance_group')
    .values([
      { name: 'web-prod', spec: specText(web), version: 1, updated_at: at, breaker_cause: null, breaker_at: null },
      { name: 'batch', spec: specText(batch), version: 2, updated_at: at, breaker_cause: cause, breaker_at: at },
    ])
    .execute();
  const policy = Policy.parse({
    ...{ kind: 'Policy', name: 'watch-web', select: { group: 'web-prod' }, mode: 'observe' },
    triggers: [{ drift: { severity: 'high' } }],
  });
  await db
    .insertInto('policy')
    .values({ name: policy.name, spec: specText(policy), version: 1, updated_at: at })
    .execute();
}

function aScannedRow({
  scanned,
  began,
  enrolled,
  ...overrides
}: Partial<Insertable<InstanceTable>> & Record<'scanned' | 'began' | 'enrolled', string>) {
  return anInstanceRow({
    ...{ group_name: 'web-prod', image_digest: web7.digest, coverage: JSON.stringify(seededCoverage()) },
    ...{
      scan_started_at: began,
      scan_finished_at: scanned,
      verdict_at: scanned,
      enrolled_at: enrolled,
      last_seen_at: scanned,
    },
    facts: JSON.stringify(facts(overrides.provider_id ?? 'web')),
    labels: JSON.stringify({ zone: 'eu-1' }),
    ...overrides,
  });
}

function facts(hostname: string) {
  return { hostname, os: 'Debian GNU/Linux 12', kernel: '6.1.0-31-amd64', cpus: '2' };
}

async function insertFindings(
  db: Db,
  id: string,
  findings: readonly Finding[],
  first: string,
  last: string,
  closed: string | null,
): Promise<void> {
  for (const finding of findings) {
    const { fingerprint, subject, name, change, attributes, severity, expected, actual, rule } = finding;
    const sides = {
      attributes: JSON.stringify(attributes),
      expected: JSON.stringify(expected),
      actual: JSON.stringify(actual),
    };
    await db
      .insertInto('drift')
      .values({ fingerprint, subject, name, change, ...sides, first_seen_at: first })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const times = { first_seen_at: first, last_seen_at: last, closed_at: closed };
    const judged = { tainting_since: first, rules: 1, by_rules: null, rest: '[{},{}]' };
    await db
      .insertInto('finding')
      .values({
        instance_id: id,
        fingerprint,
        severity,
        rule,
        ...times,
        ...judged,
        scan_id: uuidv7(0),
        ...detailsOf(finding),
      })
      .execute();
  }
}
