import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { BlockerKind, Instance, ReplacementView } from '../../shared/api.ts';
import type { Clock } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Account } from './account.ts';
import type { Api } from './api.ts';
import { type Ctl, type DemoImage, group } from './fleet.ts';
import { processesNaming, type ServerProcess } from './processes.ts';

/** What an act plays with: a fleet in sync, and a person with the public commands. */
export interface Stage {
  readonly directory: string;
  readonly image: DemoImage;
  readonly size: number;
  readonly account: Account;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly api: Api;
  readonly ctl: Ctl;
  readonly server: () => ServerProcess;
  /** Starts the server anew, where it was, after it has ended. */
  readonly restart: () => Promise<void>;
}

/** What Pristine did not do in an act, and why. */
export interface Refused {
  /** Replacements that a simpler controller would have begun. */
  readonly refused: number;
  readonly because: string;
}

export interface Act {
  readonly name: string;
  readonly title: string;
  readonly play: (stage: Stage) => Promise<Refused>;
}

const patienceMs = 120_000;
/** Of the policy during the acts: what a person does in one go is seen whole before anything is planned. */
export const settle = '3s';

/** Looks until there is an answer. Errors: TIMEOUT, with what was waited for. */
export async function until<T>(
  { clock, signal }: Pick<Stage, 'clock' | 'signal'>,
  what: string,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = clock.monotonic() + patienceMs;
  for (;;) {
    const answer = await look();
    if (answer !== undefined) return answer;
    if (clock.monotonic() > deadline)
      throw new CodedError('TIMEOUT', `expected ${what} within ${patienceMs / 1_000} s`);
    await clock.sleep(100, signal);
  }
}

/** The whole fleet in sync, online and without a mark: how each act begins and ends. */
export function untilAtRest(stage: Stage): Promise<readonly Instance[]> {
  return until(stage, `${stage.size} instances in sync and untainted`, async () => {
    const all = (await stage.api.instances(group)).filter(({ lifecycle }) => lifecycle !== 'quarantined');
    const good = all.filter(
      ({ content, liveness, lifecycle, taint }) =>
        content === 'in_sync' && liveness === 'online' && lifecycle === 'active' && taint === null,
    );
    return all.length === stage.size && good.length === stage.size ? good : undefined;
  });
}

export function untilContent(stage: Stage, instances: readonly Instance[], content: Instance['content']) {
  return until(stage, `${instances.length} instances ${content}`, async () => {
    const all = await stage.api.instances(group);
    const now = all.filter(({ id }) => instances.some((one) => one.id === id));
    return now.length === instances.length && now.every((one) => one.content === content) ? now : undefined;
  });
}

/** A replacement of this instance that is in one of these states. */
export function untilReplacement(stage: Stage, { id, providerId }: Instance, ...states: ReplacementView['state'][]) {
  return until(stage, `a replacement of ${providerId} ${states.join(' or ')}`, async () => {
    const all = await stage.api.replacements(group);
    return all.find((one) => one.oldInstanceId === id && states.includes(one.state));
  });
}

/** What the plan says about these instances: the message of a blocker of that kind, once each of them has it. */
export function untilBlocked(stage: Stage, instances: readonly Instance[], kind: BlockerKind): Promise<string> {
  return until(stage, `${instances.length} instances held back by ${kind}`, async () => {
    const { blocked } = await stage.api.plan(group);
    const messages = instances.map(({ id }) => {
      const own = blocked.find(({ instanceId }) => instanceId === id);
      return own?.blockers.find((one) => one.kind === kind)?.message;
    });
    return messages.every((one) => one !== undefined) ? messages[0] : undefined;
  });
}

export function untilBreaker(stage: Stage): Promise<string> {
  return until(stage, 'the breaker open', async () => (await stage.api.group(group)).breaker?.cause);
}

/** Nothing was replaced meanwhile. Errors: PROOF. */
export async function expectAlive({ api }: Stage, instances: readonly Instance[]): Promise<void> {
  const now = new Set((await api.instances(group)).map(({ id }) => id));
  const gone = instances.filter(({ id }) => !now.has(id));
  if (gone.length > 0)
    throw new CodedError(
      'PROOF',
      `expected ${gone.map((one) => one.providerId).join(', ')} to live, and they are gone`,
    );
}

export function diskOf({ directory }: Stage, { providerId }: Instance): string {
  return join(directory, 'instances', providerId ?? '', 'root');
}

/** Processes of its agent, the one that was started first. Errors: PROOF for none. */
export function agentOf({ directory }: Stage, { providerId }: Instance): readonly [number, ...number[]] {
  const config = join(directory, 'instances', providerId ?? '', 'agent', 'agent.yaml');
  const [first, ...others] = processesNaming(config);
  if (first === undefined) throw new CodedError('PROOF', `expected the agent of ${providerId} to run`);
  return [first, ...others];
}

export function mayMount(): boolean {
  return process.getuid?.() === 0;
}

/** What a shell does to the disk of an instance; `$1` is the root of it. Nobody is told. */
export function meddle(stage: Stage, instance: Instance, script: string, sentence: string): void {
  const shell = spawnSync('/bin/sh', ['-ec', script, 'sh', diskOf(stage, instance)], { encoding: 'utf8' });
  if (shell.status !== 0)
    throw new CodedError('IO', `could not change ${instance.providerId}: ${shell.stderr || shell.error?.message}`);
  stage.account.say('change', `${instance.providerId}: ${sentence}`, 'bad');
}

/** A person has looked: what was changed is undone, the marks are lifted, and the breaker is closed. */
export async function forgive(stage: Stage, instances: readonly Instance[], reason: string): Promise<void> {
  for (const { id } of instances) await stage.ctl('taint', 'pardon', id, '--reason', reason);
  const { breaker } = await stage.api.group(group);
  if (breaker !== null) await stage.ctl('groups', 'reset-breaker', group, '--reason', reason);
  stage.account.say('person', `${reason}: marks lifted, replacing goes on`, 'good');
}
