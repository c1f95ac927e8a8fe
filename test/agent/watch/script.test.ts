import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileAt } from '../../../agent/host/stat.ts';
import { scriptOf } from '../../../agent/watch/script.ts';

/** A folder stands for the one of a process in /proc. */
describe('the script that a process began with', () => {
  let at: string;
  const path = (name: string) => join(at, name);
  const scriptIn = (...words: readonly string[]) => {
    writeFileSync(path('cmdline'), `${words.join('\0')}\0`);
    return scriptOf(at, String(fileAt('/bin/sh', 'follow')));
  };

  beforeAll(() => {
    at = mkdtempSync(join(tmpdir(), 'pristine-test-script-'));
    mkdirSync(path('work'));
    symlinkSync(path('work'), path('cwd'));
    writeFileSync(path('work/script'), '#! /bin/sh -e\n:\n', { mode: 0o755 });
    writeFileSync(path('found'), '#!/usr/bin/env sh\n', { mode: 0o755 });
    writeFileSync(path('other'), '#!/bin/cat\n', { mode: 0o755 });
    writeFileSync(path('plain'), '#!/bin/sh\n', { mode: 0o644 });
    writeFileSync(path('binary'), '\x7fELF', { mode: 0o755 });
    symlinkSync('found', path('link'));
  });
  afterAll(() => rmSync(at, { recursive: true }));

  it('is the one that names what runs, wherever it is named from', () => {
    expect(scriptIn('/bin/sh', '-e', path('work/script'), 'more')).toBe(path('work/script'));
    expect(scriptIn('/bin/sh', '-e', './script')).toBe(path('work/script'));
    expect(scriptIn('sh', path('link'))).toBe(path('found'));
  });

  it('is nothing else that stands in a command line', () => {
    for (const name of ['other', 'plain', 'binary', 'work', 'none'])
      expect(scriptIn('/bin/sh', path(name))).toBeUndefined();
    expect(scriptIn('/bin/sh', '-c', 'true', 'a', path('work/script'))).toBeUndefined();
    expect(scriptIn('/bin/sh')).toBeUndefined();
  });
});
