import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seededRandom, testSeed } from '../support/random.ts';
import { runInput, runTarget } from './run-target.ts';
import { targets } from './targets.ts';

const corpus = join(import.meta.dirname, 'corpus');

describe('a parser', () => {
  const seed = testSeed();

  it.each(targets.map((target) => [target.name, target] as const))(
    'survives what it does not expect: %s',
    async (_name, target) => {
      const { executions } = await runTarget(target, seededRandom(seed), (count) => count >= 200);

      expect(executions).toBe(200);
    },
  );

  // Named `TARGET@what-it-did`, blanks as dashes: what once broke a parser never does again.
  it.each(readdirSync(corpus).filter((file) => file.includes('@')))('survives %s', async (file) => {
    const target = targets.find(({ name }) => name.replaceAll(' ', '-') === file.split('@')[0])!;

    await runInput(target, readFileSync(join(corpus, file)), { mustUnderstand: false });
  });
});
