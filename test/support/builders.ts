import type { Insertable } from 'kysely';
import type { InstanceTable } from '../../server/store/tables.ts';
import type { Actor } from '../../shared/actor.ts';
import type { Coverage } from '../../shared/coverage.ts';
import { digestOf, sha256Hex } from '../../shared/digest.ts';
import { type Finding, fingerprintOf } from '../../shared/finding.ts';
import { Group } from '../../shared/policy.ts';
import { Report } from '../../shared/report.ts';
import { uuidv7 } from '../../shared/uuid.ts';

export const aTime = '2026-01-01T00:00:00.000Z';
export const anImageDigest = digestOf('image web@7');

let counter = 0;

/** An instance as intake leaves it after one clean, complete scan. */
export function anInstanceRow(overrides: Partial<Insertable<InstanceTable>> = {}): Insertable<InstanceTable> {
  counter += 1;
  return {
    id: uuidv7(Date.parse(aTime)),
    key_id: digestOf(`key ${counter}`),
    public_key: 'PEM',
    group_name: 'web',
    image_digest: anImageDigest,
    labels: '{}',
    launch_key: null,
    provider_id: `machine-${counter}`,
    lifecycle: 'active',
    verdict: 'in_sync',
    verdict_at: aTime,
    taint_severity: null,
    taint_at: null,
    boot: 1,
    seq: 1,
    rules: 1,
    state_digest: digestOf('state'),
    scan_id: uuidv7(Date.parse(aTime)),
    scan_boot: 1,
    scan_seq: 1,
    scan_started_at: aTime,
    scan_finished_at: aTime,
    coverage: JSON.stringify(aCoverage()),
    pending_scan: null,
    doubts: '[]',
    enrolled_at: aTime,
    last_seen_at: aTime,
    agent_version: '0.1.0',
    facts: '{}',
    enrolled_by: 'token',
    enrolled_with: null,
    started_from: null,
    ...overrides,
  };
}

export function aCoverage(overrides: Partial<Coverage> = {}): Coverage {
  return {
    entries: 1,
    checked: 1,
    filesUnchanged: 0,
    filesHashed: 1,
    bytesHashed: 1,
    mounts: [],
    live: false,
    skipped: [],
    holes: [],
    ...overrides,
  };
}

export function aGroup(overrides: Partial<Group> = {}): Group {
  return Group.parse({
    kind: 'Group',
    name: 'web',
    provider: { type: 'local', directory: '/tmp/pristine-local', images: {} },
    images: { stable: 'web@7' },
    stateless: true,
    ...overrides,
  });
}

/** The fingerprint is always that of the rest, unless given. */
export function aFinding(overrides: Partial<Finding> = {}): Finding {
  const finding = {
    subject: 'file',
    name: '/etc/ssh/sshd_config',
    change: 'modified' as const,
    attributes: ['content'],
    severity: 'high' as const,
    expected: { content: `sha256:${sha256Hex('baked')}` },
    actual: { content: `sha256:${sha256Hex('found')}` },
    rule: 'immutable',
    ...overrides,
  };
  return { ...finding, fingerprint: overrides.fingerprint ?? fingerprintOf(finding) };
}

/** Somebody who logged in, became root and used an editor. */
export function anActor(overrides: Partial<Actor> = {}): Actor {
  return {
    ...{ pid: 4_711, program: '/usr/bin/vim.basic', command: 'vim.basic …' },
    ...{ uid: 0, loginUid: 1_000, session: 42, unit: 'session-42.scope', container: null },
    parents: ['/usr/bin/bash', '/usr/bin/sudo', '/usr/sbin/sshd'].map((program, n) => ({ pid: 4_710 - n, program })),
    ...overrides,
  };
}

/** What `verify` prints as JSON. */
export function aPrintedReport(overrides: Partial<Report> = {}): Report {
  return Report.parse({
    schema: 'pristine.report/1',
    image: null,
    rules: null,
    root: '/',
    startedAt: aTime,
    finishedAt: aTime,
    verdict: 'drifted',
    coverage: aCoverage(),
    findings: [],
    summary: { added: 0, removed: 0, modified: 0 },
    ...overrides,
  });
}
