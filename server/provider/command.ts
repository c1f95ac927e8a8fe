import { type Clock, systemClock } from '../../shared/clock.ts';
import { durationMs } from '../../shared/duration.ts';
import { CodedError } from '../../shared/errors.ts';
import type { CommandProviderSpec, Group } from '../../shared/policy.ts';
import { type Answer, type Operation, parseAnswer, parseRefusal, type Request, refused } from './command/exchange.ts';
import { type Program, runProgram } from './command/run-program.ts';
import type { Provider } from './provider.ts';

const againMs = 1_000;
/** Exit codes; any other says nothing of what has become of it, and is asked again. */
const [done, pending, permanent] = [0, 10, 20];

type Asked = Readonly<Record<string, unknown>>;

/**
 * Machines of a program that somebody else writes (`COMMAND.md`): one run for each call, a JSON request on its standard input
 * and a JSON answer on its standard output. It is run by the server only, and never by a shell.
 */
export function createCommandProvider(clock: Clock = systemClock): Provider {
  const ask = async <O extends Operation>(
    group: Group,
    operation: O,
    asked: Asked = {},
  ): Promise<Answer<O> | 'pending'> => {
    const { name, labels } = group;
    const request = { schema: 'pristine.provider-request/1', operation, group: name, labels, ...asked } as const;
    const { code, output, said } = await runProgram(clock, programOf(group), `${JSON.stringify(request)}\n`);
    const words = said === '' ? '' : `: ${said}`;
    if (code === pending) return 'pending';
    if (code === permanent)
      throw new CodedError(
        parseRefusal(output, request as Request),
        `the command of group ${name} refuses to ${operation}${words}`,
      );
    if (code !== done)
      throw new CodedError(
        'IO',
        `the command of group ${name} ended with ${code ?? 'a signal'} at ${operation}${words}`,
      );
    return parseAnswer(output, request as Request & { operation: O });
  };
  /** What is taken on and not done yet is asked again, with the same key: the caller tries again after a pause. */
  const finish = async <O extends Operation>(group: Group, operation: O, asked: Asked = {}): Promise<Answer<O>> => {
    const answer = await ask(group, operation, asked);
    if (answer === 'pending')
      throw new CodedError('TIMEOUT', `the command of group ${group.name} is not done with ${operation} yet`);
    return answer;
  };

  return {
    list: async (group) => (await finish(group, 'list')).machines,

    async preflight(group, image) {
      const answer = await finish(group, 'preflight', { imageSource: imageSourceOf(group), image });
      return { image: answer.image, ...(answer.digest !== undefined && { digest: answer.digest }) };
    },

    async launch({ group, image, key, serverUrl, joinToken }) {
      const imageSource = imageSourceOf(group);
      const { machine } = await finish(group, 'launch', { imageSource, image, key, serverUrl, joinToken });
      if (machine.launchKey !== key) throw refused('launch', `a machine with key ${key}, got ${machine.launchKey}`);
      return machine;
    },

    async drain(group, providerId, { key, timeoutMs }) {
      const until = clock.monotonic() + timeoutMs;
      for (;;) {
        const leftMs = Math.max(0, until - clock.monotonic());
        if ((await ask(group, 'drain', { providerId, key, timeoutMs: leftMs })) !== 'pending') return;
        if (leftMs <= againMs)
          throw new CodedError('TIMEOUT', `${providerId} was not drained within ${timeoutMs / 1_000} s`);
        await clock.sleep(againMs);
      }
    },

    async restore(group, providerId, key) {
      await finish(group, 'restore', { providerId, key });
    },

    async terminate(group, providerId, isolatedBy) {
      await finish(group, 'terminate', { providerId, ...(isolatedBy !== undefined && { isolatedBy }) });
    },

    async isolate(group, providerId, key) {
      await finish(group, 'isolate', { providerId, key });
    },

    async keepSnapshot(group, providerId, key) {
      const { snapshot } = await finish(group, 'keep-snapshot', { providerId, key });
      if (snapshot.key !== key || snapshot.providerId !== providerId)
        throw refused(
          'keep-snapshot',
          `a snapshot of ${providerId} with key ${key}, got one of ${snapshot.providerId} with ${snapshot.key}`,
        );
      return snapshot;
    },

    async dropSnapshot(group, snapshotId) {
      await finish(group, 'drop-snapshot', { snapshotId });
    },

    listSnapshots: async (group) => (await finish(group, 'list-snapshots')).snapshots,

    async snapshot(group, providerId) {
      const { root } = await finish(group, 'show-disk', { providerId });
      let isShown = true;
      return {
        root,
        async dispose() {
          if (!isShown) return;
          isShown = false;
          await finish(group, 'hide-disk', { providerId, root });
        },
      };
    },

    async recover(group) {
      await finish(group, 'recover');
    },
  };
}

function imageSourceOf({ imageSource = 'pristine' }: Group): string {
  return imageSource;
}

function programOf({ name, provider }: Group): Program {
  if (provider.type !== 'command') throw new CodedError('CONFIG', `group ${name} has no command`);
  const { command, env, timeout } = provider satisfies CommandProviderSpec;
  return { argv: command, env, timeoutMs: durationMs(timeout) };
}
