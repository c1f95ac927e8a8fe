import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { verifySweep } from '../../../agent/commands/verify-sweep.ts';
import { Report } from '../../../shared/report.ts';
import { aBakery, type Bakery } from '../../support/baked.ts';

describe('the report of verify', () => {
  let bakery: Bakery;
  const printed: string[] = [];

  beforeEach(async () => {
    bakery = aBakery((root) => mkdirSync(join(root, 'etc')));
    writeFileSync(join(bakery.dir, 'pub'), bakery.pub.export({ type: 'spki', format: 'pem' }));
    await bakery.bake();
    printed.length = 0;
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await bakery.close();
  });

  const sweep = (pool = bakery.pool, pub = join(bakery.dir, 'pub')) =>
    verifySweep(pool, { root: bakery.root, manifest: bakery.manifest, pub, format: 'json', failOn: 'low' });
  const reports = () => printed.map((text) => Report.parse(JSON.parse(text)));

  it('is one object when all is well', async () => {
    expect(await sweep()).toBe(0);
    expect(reports()).toMatchObject([{ verdict: 'in_sync' }]);
  });

  it('is one object when there is no key', async () => {
    expect(await sweep(bakery.pool, '/nonexistent')).toBe(2);
    expect(reports()).toMatchObject([{ verdict: 'unverifiable', error: { code: 'KEY' } }]);
  });

  it.each([
    ['what the system refuses', Object.assign(new Error('too many open files'), { code: 'EMFILE' }), 'IO'],
    ['a defect of ours', new TypeError('undefined is not a function'), 'INTERNAL'],
  ])('is one object for %s, which is thrown on with its trace', async (_, error, code) => {
    const pool = { ...bakery.pool, observe: () => Promise.reject(error) };

    await expect(sweep(pool)).rejects.toBe(error);
    expect(reports()).toMatchObject([{ verdict: 'unverifiable', error: { code, message: error.message } }]);
  });
});
