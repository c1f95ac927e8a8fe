import { systemClock } from '../../shared/clock.ts';
import { Duration, durationMs } from '../../shared/duration.ts';
import { CodedError, ExitCode } from '../../shared/errors.ts';
import { loadConfig } from '../config.ts';
import { isDelivered, readStatus, type Status } from '../status.ts';

const pollMs = 100;

/** `pristine wait --in-sync`: exit 0 when the agent is in sync and the server has acked it, 3 at the timeout. Errors: CONFIG, USAGE. */
export async function waitCommand(options: { readonly config: string; readonly timeout: string }): Promise<ExitCode> {
  const { stateDir } = await loadConfig(options.config);
  const timeout = Duration.safeParse(options.timeout);
  if (!timeout.success)
    throw new CodedError('USAGE', `--timeout: expected a duration such as 90s or 10m, got ${options.timeout}`);
  const deadline = systemClock.monotonic() + durationMs(timeout.data);
  for (;;) {
    const status = await readStatus(stateDir).catch(() => undefined);
    if (status !== undefined && isDelivered(status, systemClock.now())) return ExitCode.ok;
    if (systemClock.monotonic() >= deadline) {
      process.stderr.write(`pristine: not in sync within ${timeout.data}: ${reasonOf(status)}\n`);
      return ExitCode.unmeasured;
    }
    await systemClock.sleep(pollMs);
  }
}

function reasonOf(status: Status | undefined): string {
  if (status === undefined) return 'no agent has written a status';
  const { verdict, openFindings, holes, spool, connection } = status;
  return `${verdict}, ${openFindings} findings, ${holes} holes, ${spool.reports} reports not delivered, connection ${connection.state}`;
}
