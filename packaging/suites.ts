import { ensurePrograms, isRoot } from './apt.ts';
import { runCommand } from './run-command.ts';
import { runVitest, skipVitest } from './run-vitest.ts';
import { runStaticChecks } from './static-checks.ts';
import { addTallies, emptyTally, type Tally } from './tally.ts';

const minutes = 60_000;

/** What to run before every commit. */
export async function runCheck(): Promise<Tally> {
  return addTallies(await runStaticChecks(), await runVitest('unit', 10 * minutes));
}

/** The check, our programs as child processes, and the console in a real Chromium. */
export async function runTest(): Promise<Tally> {
  const check = await runCheck();
  const programs = await runVitest('programs', 20 * minutes);
  const chromium = await ensurePrograms({ chromium: 'chromium' });
  const web = chromium
    ? await runVitest('web', 10 * minutes)
    : await skipVitest('web', 'no chromium here (as root, npm test installs it)');
  return addTallies(check, programs, web);
}

/** They wait for whole fleets most of their time, and leave the processors to others. */
const ofFleets = ['crash-rounds', 'demo', 'replacement-kill'].map((name) => `test/system/${name}.system.test.ts`);

/** Real roots, mounts, processes and kills. Needs root and Debian's tools. */
export async function runSystem(): Promise<Tally> {
  if (!isRoot) return skipVitest('system', 'they need root');
  const tools = await ensurePrograms({
    aide: 'aide',
    chattr: 'e2fsprogs',
    debootstrap: 'debootstrap',
    'dpkg-deb': 'dpkg',
    mtree: 'mtree-netbsd',
    openssl: 'openssl',
    rpmbuild: 'rpm',
    setcap: 'libcap2-bin',
    setfacl: 'acl',
    setfattr: 'attr',
    setpriv: 'util-linux',
  });
  if (!tools) console.log('some of the tools of the system tests are missing; tests that need them fail');
  const timeoutMs = 65 * minutes;
  const [fleets, others] = await Promise.all([
    runVitest('system', timeoutMs, { files: ofFleets }),
    runVitest('system', timeoutMs, { without: ofFleets }),
  ]);
  return addTallies(fleets, others);
}

/** Crashes, bad lines, wrong clocks and full disks, a thousand rounds of them; `npm run system` has fewer. Needs root for the disks. */
export async function runCrash(): Promise<Tally> {
  if (!isRoot) return { ...emptyTally, skipped: 1, notes: ['skipped: the crash rounds: they need root'] };
  const env = { PRISTINE_TEST_ROUNDS: process.env['PRISTINE_TEST_ROUNDS'] ?? '1000' };
  return runVitest('system', 90 * minutes, { files: ['test/system/crash-rounds.system.test.ts'], env });
}

/** Every parser for half a minute, on what others leave of the processors. */
export async function runFuzz(): Promise<Tally> {
  const command = ['nice', '-n', '19', 'node', 'test/fuzz/main.ts', '--seconds', '30', '--processes', '1'];
  const { ok, output } = await runCommand(command, { output: 'both', timeoutMs: 75 * minutes });
  if (ok) return { passed: 1, failed: 0, skipped: 0, notes: [] };
  const said = output.split('\n').filter((line) => line !== '' && !line.includes(' executions, '));
  return {
    passed: 0,
    failed: 1,
    skipped: 0,
    notes: [`failed: fuzzing of the parsers: ${said.join('; ').slice(0, 2_000)}`],
  };
}
