import { pino } from 'pino';
import { Config } from '../../server/config.ts';
import { startServer } from '../../server/main.ts';
import type { Provider } from '../../server/provider/provider.ts';
import { createProviders } from '../../server/provider/providers.ts';
import { systemClock } from '../../shared/clock.ts';

/**
 * `dying-server.ts DATA PORT MOMENT [NTH [MS]]`: the server, killed by itself with SIGKILL at a moment of a replacement:
 * `moved NTH` after the commit of a transition; `before`, `during` or `after` a call, such as `during:launch 1 20`.
 */
const [data, port, moment = '', nth = '1', ms = '0'] = process.argv.slice(2);
const [when, callName] = moment.split(':');
const die = () => process.kill(process.pid, 'SIGKILL');

// And with the test that started it, however that ended.
process.stdin.resume().once('close', die);

/** Each transition is told by one of these, the last one by the second. */
const told = new Set<unknown>(['replace: a replacement moved', 'replace: a replacement is proven']);
let moves = 0;
const log = pino(
  {
    hooks: {
      logMethod(args, method) {
        method.apply(this, args);
        if (!told.has((args as unknown[])[1])) return;
        moves += 1;
        if (when === 'moved' && moves === Number(nth)) die();
      },
    },
  },
  pino.destination({ dest: 2, sync: true }),
);

function dying(provider: Provider): Provider {
  let calls = 0;
  const around =
    <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (name === callName) calls += 1;
      const isIt = name === callName && calls === Number(nth);
      if (isIt && when === 'before') die();
      if (isIt && when === 'during') setTimeout(die, Number(ms));
      const result = await call(...args);
      if (isIt && when !== 'before') die();
      return result;
    };
  return {
    list: provider.list,
    preflight: provider.preflight,
    recover: provider.recover,
    snapshot: provider.snapshot,
    launch: around('launch', provider.launch),
    drain: around('drain', provider.drain),
    restore: around('restore', provider.restore),
    terminate: around('terminate', provider.terminate),
    isolate: around('isolate', provider.isolate),
    keepSnapshot: around('keepSnapshot', provider.keepSnapshot),
    dropSnapshot: around('dropSnapshot', provider.dropSnapshot),
    listSnapshots: provider.listSnapshots,
  };
}

const providers = createProviders();
let only: Provider | undefined;
const config = Config.parse({ listen: `127.0.0.1:${port}`, data, lookEvery: 'never' });
await startServer(config, log, systemClock, (group) => {
  only ??= dying(providers(group));
  return only;
});
