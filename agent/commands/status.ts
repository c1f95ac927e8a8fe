import { systemClock } from '../../shared/clock.ts';
import { formatDuration } from '../../shared/duration.ts';
import { ExitCode } from '../../shared/errors.ts';
import { imageRef } from '../../shared/image.ts';
import { terminalSafe } from '../../shared/name.ts';
import { loadConfig } from '../config.ts';
import type { Footprint } from '../footprint.ts';
import { exitCodeOfVerdict, isFresh, readStatus, type Status } from '../status.ts';

/** `pristine status`: exit 0 in sync, 1 drifted, 3 unverifiable, or no agent is there to say. Errors: CONFIG, UNREADABLE. */
export async function statusCommand(options: { readonly config: string; readonly json?: boolean }): Promise<ExitCode> {
  const { stateDir } = await loadConfig(options.config);
  const status = await readStatus(stateDir);
  const now = systemClock.now();
  process.stdout.write(options.json ? `${JSON.stringify(status)}\n` : textOf(status, now));
  return isFresh(status, now) ? exitCodeOfVerdict[status.verdict] : ExitCode.unmeasured;
}

function textOf(status: Status, now: number): string {
  const { connection, spool, watcher, lastSweep, settled, footprint, memoryShortage: short } = status;
  const age = `${ageOf(status.updatedAt, now)} ago${isFresh(status, now) ? '' : ', too long: the agent seems not to run'}`;
  const lines = [
    ['verdict', `${status.verdict} since ${status.since}`],
    ['image', `${imageRef(status.image)} (${status.image.digest}), rules ${status.rules}`],
    ['instance', status.instanceId ?? 'not enrolled yet'],
    [
      'open findings',
      `${status.openFindings}${status.openFindings > 0 ? ': `pristine verify` shows what differs now' : ''}`,
    ],
    ['holes', `${status.holes}`],
    ['last sweep', lastSweep === null ? 'none yet' : `${ageOf(lastSweep.finishedAt, now)} ago`],
    ['boot', settled === null ? 'has not settled yet' : `settled ${ageOf(settled.at, now)} ago, by ${settled.by}`],
    ['connection', `${connection.state} since ${connection.since}${noted(connection.error)}`],
    ['not delivered', notDelivered(spool)],
    ['watcher', `${watcher.kind} ${watcher.state}${noted(watcher.error)}${noted(watcher.why)}`],
    ['processes', watcher.processes ?? `followed: findings say who ${whose(watcher.kind)}`],
    ...(footprint === null ? [] : footprintLines(footprint)),
    ...(short === null
      ? []
      : [
          ['memory', `short since ${short.since}${noted(short.why)}${short.sweepPutOff ? ', a sweep is put off' : ''}`],
        ]),
    ['said', age],
  ];
  return lines.map(([key, value]) => `${key!.padEnd(14)} ${terminalSafe(value!)}\n`).join('');
}

function notDelivered({ reports, bytes, trouble, merged, lost }: Status['spool']): string {
  return [
    `${reports} reports, ${bytes} bytes`,
    ...(merged > 0 ? [`${merged} scans told together with others`] : []),
    ...(lost > 0 ? [`${lost} reports lost, sweeps told the state instead`] : []),
    ...(trouble === null ? [] : [`the disk refuses: ${trouble}`]),
  ].join('; ');
}

function footprintLines({ residentBytes, cpuSeconds, cpuShare, sweepsCpuSeconds, limits }: Footprint) {
  const memory = residentBytes === null ? '' : `${(residentBytes / 1_048_576).toFixed(0)} MiB; `;
  const share = cpuShare === null ? '' : `, ${(cpuShare * 100).toFixed(1)}% of a core of late`;
  const sweeps = sweepsCpuSeconds === null ? '' : `; sweeps ${sweepsCpuSeconds.toFixed(0)} s`;
  return [
    ['costs', `${memory}CPU ${cpuSeconds.toFixed(1)} s${share}${sweeps}`],
    [
      'limits',
      Object.entries(limits)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ],
  ];
}

/** Only fanotify tells which process made a change. */
function whose(kind: Status['watcher']['kind']): string {
  return kind === 'fanotify' ? 'made a change' : 'started a program, and not who made a change';
}

function noted(sentence: string | null): string {
  return sentence === null ? '' : ` (${sentence})`;
}

function ageOf(time: string, now: number): string {
  return formatDuration(Math.max(0, Math.round((now - Date.parse(time)) / 1_000)) * 1_000).replace(/^0$/, '0s');
}
