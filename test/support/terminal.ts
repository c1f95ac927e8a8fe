import { spawn } from 'node:child_process';
import { quoted } from './scratch.ts';

const prompt = 'ready> ';

/**
 * Types lines into an interactive shell on a terminal of its own, each once the shell is ready for it, until it ends. `before`
 * is for sh, in the process that becomes the terminal's; `inside` makes a command line one of the place where the shell runs.
 */
export function typeInto(
  inside: (...command: readonly string[]) => readonly string[],
  before: string,
  lines: readonly string[],
): Promise<void> {
  const shell = inside('env', `PS1=${prompt}`, 'bash', '--norc', '-i').map(quoted).join(' ');
  const child = spawn('sh', ['-ec', `${before}; exec script -qec ${quoted(`exec ${shell}`)} /dev/null`], {
    stdio: 'pipe',
  });
  let shown = '';
  let typed = 0;
  child.stdout.on('data', (data) => {
    shown += data;
    const isReady = shown.split(prompt).length - 1 > typed;
    if (isReady && typed <= lines.length) child.stdin.write(`${lines[typed++] ?? 'exit 0'}\n`);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`exit ${code}: ${shown.slice(-2_000)}`))));
  });
}
