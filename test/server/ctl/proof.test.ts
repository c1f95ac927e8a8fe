import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unsignedEnvelope } from '../../../shared/dsse.ts';
import { aCoverage } from '../../support/builders.ts';
import { aDirectory } from '../../support/database.ts';
import { aKeyPair, aProofStatement, aProvingScan, aRevocation, signedProof } from '../../support/proofs.ts';
import { ctlEntry, runEntry } from '../../support/server-process.ts';

const directory = aDirectory();
const { privateKey, pub } = aKeyPair();
const file = join(directory, 'proof.json');
const pubFile = join(directory, 'server.pub');
writeFileSync(pubFile, pub);

async function verify(envelope: unknown, ...more: string[]) {
  writeFileSync(file, typeof envelope === 'string' ? envelope : JSON.stringify(envelope));
  return runEntry(ctlEntry, ['proof', 'verify', file, '--pub', pubFile, ...more]);
}

describe('proof verify --pub', () => {
  it('needs no server and no token, and says what was proven', async () => {
    const { code, stdout, stderr } = await verify(signedProof(aProofStatement(), privateKey));

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('holds');
    expect(stdout).toContain('new-instance');
  });

  it('prints the statement that was signed', async () => {
    const { stdout } = await verify(signedProof(aProofStatement(), privateKey), '--json');

    expect(JSON.parse(stdout)).toEqual(aProofStatement());
  });

  const good = signedProof(aProofStatement(), privateKey);
  const forged = Buffer.from(JSON.stringify(aProofStatement({ group: 'other' }))).toString('base64');
  const { predicate } = aProofStatement();

  it.each([
    ['a changed payload', { ...good, payload: forged }, 'SIGNATURE'],
    ['another key', signedProof(aProofStatement(), aKeyPair().privateKey), 'SIGNATURE'],
    ['no signature', unsignedEnvelope(Buffer.from(JSON.stringify(aProofStatement()))), 'UNSIGNED'],
    ['another type', { ...good, payloadType: 'text/plain' }, 'SIGNATURE'],
    ['another statement', signedProof({ ...aProofStatement(), predicateType: 'x' as never }, privateKey), 'STATEMENT'],
    ['a scan before the launch', aProofStatement({ launchedAt: '2026-01-01T00:01:30.000Z' }), 'PROOF'],
    [
      'the old instance as the new',
      aProofStatement({ old: { ...predicate.old, instanceId: 'new-instance' } }),
      'PROOF',
    ],
    [
      'a scan with a hole',
      aProofStatement({
        scan: {
          ...predicate.scan,
          coverage: aCoverage({ holes: [{ subject: 'file', name: '/x', reason: 'unreadable' }] }),
        },
      }),
      'PROOF',
    ],
    [
      'no scan after the soak',
      aProofStatement({ soak: { ...predicate.soak, scan: aProvingScan('2026-01-01T00:09:59.999Z') } }),
      'PROOF',
    ],
    [
      'a scan after the soak that had a hole',
      aProofStatement({
        soak: {
          ...predicate.soak,
          scan: aProvingScan('2026-01-01T00:10:01.000Z', {
            coverage: aCoverage({ holes: [{ subject: 'file', name: '/x', reason: 'unreadable' }] }),
          }),
        },
      }),
      'PROOF',
    ],
    [
      'a soak that was over before the old one went',
      aProofStatement({ retiredAt: '2026-01-01T00:11:00.000Z' }),
      'PROOF',
    ],
    ['another plan', aProofStatement({ plan: { ...predicate.plan, plannedAt: '2025-12-31T00:00:00.000Z' } }), 'PROOF'],
    ['the manifest of another image', aProofStatement({ inputAttestations: [] }), 'PROOF'],
    ['a level that nobody reached', aProofStatement({ verifiedLevels: ['PRISTINE_OUTSIDE_LOOK'] }), 'PROOF'],
    ['no envelope', '{}', 'ENVELOPE'],
    ['no JSON', 'proof', 'ENVELOPE'],
    ['nothing', '', 'ENVELOPE'],
  ])('ends with 3 for %s', async (_what, proof, code) => {
    const isStatement = typeof proof === 'object' && 'predicate' in proof;

    const answer = await verify(isStatement ? signedProof(proof, privateKey) : proof);

    expect([answer.code, answer.stdout]).toEqual([3, '']);
    expect(answer.stderr).toContain(`(${code})`);
  });

  it('ends with 2 where a file is missing or is no key', async () => {
    writeFileSync(file, JSON.stringify(good));
    const run = (...args: string[]) => runEntry(ctlEntry, ['proof', 'verify', ...args]);

    const answers = [
      await run(join(directory, 'none'), '--pub', pubFile),
      await run(file, '--pub', join(directory, 'none')),
      await run(file, '--pub', file),
    ];

    expect(answers.map(({ code }) => code)).toEqual([2, 2, 2]);
  });
});

describe('proof verify --revocations', () => {
  const listFile = join(directory, 'revocations.json');
  const proof = signedProof(aProofStatement(), privateKey);
  const other = signedProof(aProofStatement({ timeVerified: '2026-01-01T00:13:00.000Z' }), privateKey);
  const listed = (...envelopes: readonly object[]) => {
    const items = envelopes.map((envelope) => ({ replacementId: 'replacement-1', envelope }));
    writeFileSync(listFile, JSON.stringify({ items, nextCursor: null }));
  };
  const check = () => verify(proof, '--revocations', listFile);

  it('ends with 3 for a proof that was revoked, and says why', async () => {
    listed(aRevocation(other, privateKey), aRevocation(proof, privateKey));

    const { code, stderr } = await check();

    expect(code).toBe(3);
    expect(stderr).toContain('revoked at 2026-01-02');
    expect(stderr).toContain('modified file /etc/motd');
  });

  it('holds where only other proofs were, and says that it looked', async () => {
    listed(aRevocation(other, privateKey));

    const { code, stdout } = await check();

    expect([code, stdout]).toEqual([0, expect.stringContaining('in none of 1 revocations')]);
  });

  it('ends with 3 where one is not signed by the server, and does not pass it over', async () => {
    listed(aRevocation(proof, aKeyPair().privateKey));

    expect((await check()).code).toBe(3);
  });

  it('says without them that nobody has looked', async () => {
    expect((await verify(proof)).stdout).toContain('give --revocations');
  });
});
