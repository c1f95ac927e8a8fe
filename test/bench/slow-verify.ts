import { execFileSync, spawnSync } from 'node:child_process';
import { Report } from '../../shared/report.ts';
import { coolDown, residentBytes, warmUp } from '../support/page-cache.ts';
import type { Figure } from './figure.ts';
import type { Program } from './program.ts';

const cpuPercentMax = 25;
const megabytesPerSecondMax = 50;
const maxBuffer = 256 * 1_048_576;

/** Whether limits are kept, and what a scan leaves of a page cache of which every tenth file was warm. */
export async function slowFiguresOf(verify: Program, root: string): Promise<Figure[]> {
  const find = ['-xdev', '-type', 'f', '-links', '1', '-size', '+1k', '-print0'];
  const files = execFileSync('find', [root, ...find], { encoding: 'utf8', maxBuffer })
    .split('\0')
    .filter(Boolean);
  const warm = files.filter((_, index) => index % 10 === 0);
  const cold = files.filter((_, index) => index % 10 !== 0);

  const cpu = run(verify, '--max-cpu', `${cpuPercentMax}%`);
  chilled(files, warm);
  const [warmBefore, coldBefore] = [residentBytes(warm), residentBytes(cold)];
  const read = run(verify, '--max-bytes-per-second', `${megabytesPerSecondMax}M`);
  const [warmAfter, coldAfter] = [residentBytes(warm), residentBytes(cold)];
  run(verify);
  const coldAtFullSpeed = residentBytes(cold);

  const megabytes = read.report.coverage.bytesHashed / 1e6;
  return [
    {
      name: `verify --max-cpu ${cpuPercentMax}%: of one core`,
      value: (100 * cpu.cpuSeconds) / cpu.seconds,
      unit: '%',
      target: { atMost: cpuPercentMax * 1.1 },
    },
    {
      name: `verify --max-bytes-per-second ${megabytesPerSecondMax}M: read`,
      value: megabytes / read.seconds,
      unit: 'MB/s',
      target: { atMost: megabytesPerSecondMax },
    },
    {
      name: 'the same: of the warm pages still there',
      value: (100 * warmAfter) / warmBefore,
      unit: '%',
      target: { atLeast: 95 },
    },
    {
      name: 'the same: cold pages brought in',
      value: (coldAfter - coldBefore) / 1_048_576,
      unit: 'MiB',
      target: { atMost: 16 },
    },
    { name: 'at full speed: cold pages brought in', value: (coldAtFullSpeed - coldAfter) / 1_048_576, unit: 'MiB' },
  ];
}

function chilled(files: readonly string[], warm: readonly string[]): void {
  coolDown(files);
  warmUp(warm);
}

/** In seconds of the wall, and of CPU as the shell counts those of its children. */
function run({ command }: Program, ...limits: readonly string[]) {
  const script = '"$@"; times >&2';
  const started = performance.now();
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...command, '--format', 'json', ...limits], {
    encoding: 'utf8',
    maxBuffer,
  });
  const seconds = (performance.now() - started) / 1_000;
  const parts = [...(stderr.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  const cpuSeconds = parts.reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0);
  return { report: Report.parse(JSON.parse(stdout)), seconds, cpuSeconds };
}
