import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvents, type SseMessage } from '../../server/web/src/api/sse.ts';
import type { Instance } from '../../server/web/src/api/types.ts';
import { byAttention, chipCounts, filterInstances } from '../../server/web/src/fleet/filter.ts';
import { readFleetSearch, toggled } from '../../server/web/src/fleet/fleet-search.ts';
import { readProof } from '../../server/web/src/replacements/proof-document.ts';
import { verdictOf } from '../../server/web/src/words/verdict.ts';

const now = Date.parse('2026-01-01T12:00:00.000Z');

describe('the event stream', () => {
  const text =
    ': hello\nretry: 2000\n\nid: 7\r\nevent: drift.opened\r\ndata: {"name":\r\ndata: "é\u202e"}\r\n\r\ndata: x\n\nid: 9\ndata: cut off';

  it('is read the same however the network cuts it', async () => {
    const bytes = new TextEncoder().encode(text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 8 }), async (cuts) => {
        expect(await readAll(chunks(bytes, cuts))).toEqual([
          { id: '7', event: 'drift.opened', data: '{"name":\n"é\u202e"}' },
          { id: '7', event: 'message', data: 'x' },
        ]);
      }),
    );
  });

  it('is given up at a line without an end', async () => {
    const endless = [new TextEncoder().encode(`data: ${'x'.repeat(2_000_000)}`)];

    await expect(readAll(endless)).rejects.toThrow('1048576');
  });
});

describe('the fleet list', () => {
  const fleet = [
    anInstance({ providerId: 'b', content: 'in_sync' }),
    anInstance({ providerId: 'a', content: 'in_sync' }),
    anInstance({ providerId: 'c', content: 'drifted', needsAttention: true, liveness: 'silent' }),
    anInstance({ providerId: 'd', content: 'unverifiable', needsAttention: true, group: 'batch' }),
  ];

  it('puts what needs attention first, the worst before the rest, equal ones by name', () => {
    expect(fleet.toSorted(byAttention).map(({ providerId }) => providerId)).toEqual(['c', 'd', 'a', 'b']);
  });

  it('adds up words of one facet and narrows by the others', () => {
    const names = (search: object) => filterInstances(fleet, search).map(({ providerId }) => providerId);

    expect(names({ content: 'drifted,unverifiable' })).toEqual(['c', 'd']);
    expect(names({ content: 'drifted,unverifiable', group: 'batch' })).toEqual(['d']);
    expect(names({ content: 'in_sync', liveness: 'silent' })).toEqual([]);
    expect(names({ q: 'WEB@' })).toEqual([]);
    expect(names({ only: 'attention' })).toEqual(['c', 'd']);
  });

  it('counts for a chip what choosing it would add', () => {
    const counts = chipCounts(fleet, { content: 'drifted' });

    expect(counts.get('content:unverifiable')).toBe(1);
    expect(counts.get('liveness:silent')).toBe(1);
    expect(counts.get('liveness:online')).toBeUndefined();
  });

  it('takes from an address only what it knows', () => {
    expect(readFleetSearch({ content: 'drifted', evil: 'x', q: '', sort: 5 })).toEqual({ content: 'drifted' });
    expect(toggled('drifted,in_sync', 'drifted')).toBe('in_sync');
    expect(toggled('drifted', 'drifted')).toBeUndefined();
  });
});

describe('the verdict in words', () => {
  const says = (overrides: Partial<Instance>) => verdictOf(anInstance(overrides), now).says;

  it('never says more than what was measured', () => {
    expect(says({ content: 'in_sync' })).toContain('measured');
    expect(says({ content: 'unverifiable', evidence: null })).toContain('no complete scan');
    expect(
      says({ content: 'unverifiable', evidence: anEvidence({ expiresAt: '2026-01-01T11:00:00.000Z' }) }),
    ).toContain('expired 1 hour ago');
    const holes = [{ subject: 'file', name: '/x', reason: 'unreadable' as const }];
    const evidence = anEvidence();
    expect(
      says({ content: 'unverifiable', evidence: { ...evidence, coverage: { ...evidence.coverage, holes } } }),
    ).toContain('1 place could not be measured');
    const serverHoles = [
      { subject: 'manifest', name: 'aws:eu-central-1:ami-01234567', reason: 'unknown-image' as const },
    ];
    expect(says({ content: 'unverifiable', evidence: null, serverHoles })).toContain('unknown image');
    const doubts = [{ kind: 'claimed-twice' as const, since: '2026-01-01T11:00:00.000Z' }];
    expect(says({ content: 'unverifiable', evidence: null, doubts })).toContain('two keys');
    expect(says({ content: 'drifted', openFindings: 2 })).toContain('2 open findings');
  });
});

describe('a proof', () => {
  const envelope = (payload: string) => ({ payload, payloadType: 'application/vnd.in-toto+json', signatures: [] });

  it('that is not one of ours is shown as text and claims nothing', () => {
    expect(readProof(envelope('***')).predicate).toBeUndefined();
    expect(readProof(envelope(btoa('{"predicateType":"urn:other","predicate":{}}'))).predicate).toBeUndefined();
    expect(readProof(envelope(btoa('not json'))).text).toBe('not json');
  });
});

function anInstance(overrides: Partial<Instance> = {}): Instance {
  const digest = `sha256:${'0'.repeat(64)}`;
  const time = '2026-01-01T11:55:00.000Z';
  return {
    ...{
      id: 'id',
      providerId: 'machine',
      zone: null,
      group: 'web',
      image: null,
      imageDigest: digest,
      key: digest,
      labels: {},
      facts: {},
    },
    ...{ content: 'in_sync', liveness: 'online', currency: 'current', lifecycle: 'active', needsAttention: false },
    ...{ taint: null, openFindings: 0, evidence: anEvidence(), enrolledAt: time, lastSeenAt: time },
    ...{ doubts: [], serverHoles: [], enrolledBy: 'token', enrolledWith: null, startedFrom: null },
    ...overrides,
  };
}

function anEvidence(overrides: Partial<NonNullable<Instance['evidence']>> = {}): NonNullable<Instance['evidence']> {
  const digest = `sha256:${'0'.repeat(64)}`;
  const coverage = {
    entries: 1,
    checked: 1,
    filesUnchanged: 0,
    filesHashed: 1,
    bytesHashed: 1,
    mounts: [],
    live: false,
    skipped: [],
    holes: [],
  };
  return {
    ...{ scanId: 's', startedAt: '2026-01-01T11:50:00.000Z', finishedAt: '2026-01-01T11:55:00.000Z' },
    ...{ expiresAt: '2026-01-01T14:55:00.000Z', imageDigest: digest, rules: 1, stateDigest: digest, coverage },
    ...overrides,
  };
}

function chunks(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...[...new Set(cuts)].sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, n) => bytes.slice(places[n], end));
}

async function readAll(parts: readonly Uint8Array[]): Promise<SseMessage[]> {
  const messages: SseMessage[] = [];
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
  for await (const message of readEvents(body)) messages.push(message);
  return messages;
}
