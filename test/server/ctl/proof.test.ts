import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unsignedEnvelope } from '../../../shared/dsse.ts';
import { aCoverage } from '../../support/builders.ts';
import { aDirectory } from '../../support/database.ts';
import { aKeyPair, aProofStatement, signedProof } from '../../support/proofs.ts';
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
