import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeDirectory as make } from '../../agent/make-directory.ts';
import { makeDirectory as makeForServer } from '../../server/store/make-directory.ts';
import { aDirectory } from '../support/directory.ts';

describe.each([
  ['agent', make],
  ['server', makeForServer],
] as const)('makeDirectory of the %s', (_, makeDirectory) => {
  it('makes what is missing, with the mode, and again nothing', () => {
    const path = join(aDirectory(), 'a', 'b');

    makeDirectory(path, 0o700);
    makeDirectory(path, 0o700);

    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('gives up where nothing can be made, and does not try for ever', () => {
    expect(() => makeDirectory('/proc/pristine/a')).toThrow('ENOENT');
  });

  it('refuses a file on the way', () => {
    const file = join(aDirectory(), 'file');
    writeFileSync(file, '');

    expect(() => makeDirectory(join(file, 'a'))).toThrow(/EEXIST|ENOTDIR/);
  });
});
