import { systemClock } from '../../shared/clock.ts';
import { Duration, durationMs } from '../../shared/duration.ts';
import { CodedError, ExitCode } from '../../shared/errors.ts';
import { loadConfig } from '../config.ts';
import { isDelivered, isFresh, readStatus, type Status } from '../status.ts';

const pollMs = 100;

/**
 * `pristine wait --in-sync`: exit 0 when the agent is in sync and the server has acked it; at the timeout 1 where the instance
 * has drifted, else 3. Errors: CONFIG, USAGE.
 */
export async function waitCommand(options: { readonly config: string; readonly timeout: string }): Promise<ExitCode> {
  const { stateDir } = await loadConfig(options.config);
  const timeout = Duration.safeParse(options.timeout);
  if (!timeout.success)
    throw new CodedError('USAGE', `--timeout: expected a duration such as 90s or 10m, got ${options.timeout}`);
  const deadline = systemClock.monotonic() + durationMs(timeout.data);
  for (;;) {
    const now = systemClock.now();
    const status = await readStatus(stateDir).catch(() => undefined);
    if (status !== undefined && isDelivered(status, now)) return ExitCode.ok;
    if (systemClock.monotonic() >= deadline) {
      process.stderr.write(`pristine: not in sync within ${timeout.data}: ${reasonOf(status)}\n`);
      const hasDrifted = status?.verdict === 'drifted' && isFresh(status, now);
      return hasDrifted ? ExitCode.finding : ExitCode.unmeasured;
    }
    await systemClock.sleep(pollMs);
  }
}

function reasonOf(status: Status | undefined): string {
  if (status === undefined) return 'no agent has written a status';
  const { verdict, openFindings, holes, spool, connection } = status;
  return `${verdict}, ${openFindings} findings, ${holes} holes, ${spool.reports} reports not delivered, connection ${connection.state}`;
}
