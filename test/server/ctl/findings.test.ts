import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { findings } from '../../../server/ctl/commands/instances.ts';
import type { Context } from '../../../server/ctl/context.ts';
import { createOutput } from '../../../server/ctl/output.ts';
import { restoredFinding } from '../../../shared/restored.ts';
import { aFinding, anActor, aTime } from '../../support/builders.ts';

const id = '00000000-0000-7000-8000-000000000001';
const times = { firstSeenAt: aTime, lastSeenAt: aTime, closedAt: null, beneath: null };
const items = [
  { ...restoredFinding('/usr/bin/passwd'), ...times },
  { ...aFinding({ actors: [anActor({ program: '/tmp/\u202ex' }), anActor()], changes: 5 }), ...times },
];

/** What is written for these findings. */
async function shown({ json = false, ...options }: { readonly json?: boolean; readonly diff?: boolean } = {}) {
  const stream = new PassThrough();
  const out = createOutput(stream as unknown as NodeJS.WriteStream);
  const remote = { list: async () => ({ items, nextCursor: null }) };
  await findings({ json, remote, out } as unknown as Context, [id], options);
  stream.end();
  return text(stream);
}

describe('pristinectl instances findings', () => {
  it('says who made them, in a line that no terminal obeys, and what was restored', async () => {
    const [heads, sshd, passwd] = (await shown()).split('\n');

    expect(heads).toMatch(/ WHO$/);
    expect(sshd).toMatch(/ by "\/tmp\/\\u\{202e\}x" \(pid 4711\) as root, logged .*, and 1 other, 5 changes$/);
    expect(passwd).toMatch(/modified .*\/usr\/bin\/passwd .*written and restored .*–$/);
  });

  it('says so with --diff too', async () => {
    const lines = (await shown({ diff: true })).split('\n');

    expect(lines[1]).toMatch(/^ {2}by "\/tmp/);
    expect(lines[2]).toBe('info modified file /usr/bin/passwd: written and restored');
  });

  it('gives all of it as JSON', async () => {
    expect(JSON.parse(await shown({ json: true })).items).toEqual(items);
  });
});
