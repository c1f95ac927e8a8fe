import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256Hex } from '../../shared/digest.ts';
import { knownIn } from '../support/known-state.ts';
import type { AgentProcess } from './agent-process.ts';
import type { Figure } from './figure.ts';

const files = 1_000;
const filesPerFolder = 10;
const rounds = 100;
const perSecond = 10_000;
const followMsMax = 120_000;

/** Writes every file once a round, in another process, as an agent hears nothing of its own. */
const writer = `
  import { closeSync, openSync, writeSync } from 'node:fs';
  const paths = JSON.parse(process.argv[1]);
  const [rounds, perSecond] = process.argv.slice(2).map(Number);
  const started = performance.now();
  let changes = 0;
  for (let round = 1; round <= rounds; round++) {
    for (const path of paths) {
      // Not cut first: to write such a file anew waits for the disk.
      const fd = openSync(path, 'r+');
      writeSync(fd, path + 'round ' + String(round).padStart(4, '0'));
      closeSync(fd);
      changes++;
      while (changes / perSecond > (performance.now() - started) / 1_000);
    }
  }
  console.log(performance.now() - started);
`;

/** Many changes a second for a while: how many there were, and of how many files the last one is not known in the end. */
export async function sustainedChanges({ stateDir }: AgentProcess, root: string): Promise<Figure[]> {
  const names = Array.from(
    { length: files },
    (_, n) => `/srv/folder-${100 + Math.floor(n / filesPerFolder)}/file-${n % filesPerFolder}.txt`,
  );
  const paths = names.map((name) => join(root, name));
  const ms = Number(await outputOf([JSON.stringify(paths), `${rounds}`, `${perSecond}`]));
  const expected = new Map(
    names.map((name, n) => [name, `sha256:${sha256Hex(`${paths[n]}round ${`${rounds}`.padStart(4, '0')}`)}`]),
  );

  let missed = files;
  for (const from = performance.now(); missed > 0 && performance.now() - from < followMsMax; await sleep(200)) {
    const known = knownIn(readFileSync(join(stateDir, 'known-state.ndjson'), 'utf8'));
    const found = new Map(known.open.map((finding) => [finding.name, finding.actual['content']]));
    missed = [...expected].filter(([name, content]) => found.get(name) !== content).length;
  }
  return [
    { name: 'changes, sustained', value: (files * rounds * 1_000) / ms, unit: 'changes/s', target: { atLeast: 9_900 } },
    { name: 'files of which the last is missed', value: missed, unit: 'changes', target: { atMost: 0 } },
  ];
}

function outputOf(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', writer, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`the writer ended with ${code}`))));
  });
}
