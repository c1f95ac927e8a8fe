import type { Clock } from '../../shared/clock.ts';
import type { Account } from './account.ts';
import { approval } from './acts/approval.ts';
import { badImage } from './acts/bad-image.ts';
import { badRules } from './acts/bad-rules.ts';
import { blinded } from './acts/blinded.ts';
import { killedServer } from './acts/killed-server.ts';
import { quarantine } from './acts/quarantine.ts';
import { reverted } from './acts/reverted.ts';
import { stopped } from './acts/stopped.ts';
import { tool } from './acts/tool.ts';
import { treadmill } from './acts/treadmill.ts';
import { connectApi } from './api.ts';
import { connectCtl, declare, group } from './fleet.ts';
import { fleetSize, type RunningLoop } from './loop.ts';
import { type ServerProcess, startServer } from './processes.ts';
import { type Act, type Refused, type Stage, settle } from './stage.ts';

export const acts: readonly Act[] = [
  badRules,
  tool,
  treadmill,
  killedServer,
  reverted,
  stopped,
  blinded,
  approval,
  quarantine,
  badImage,
];

export interface PlayedAct extends Refused {
  readonly act: string;
}

export interface Refusals {
  /** Succeeded replacements of the whole demo. */
  readonly replaced: number;
  readonly refused: number;
  readonly acts: readonly PlayedAct[];
  /** The one that runs at the end. */
  readonly server: ServerProcess;
}

/** What goes wrong in a fleet, one act after another, and what is not done about it. Errors: TIMEOUT, PROOF, IO. */
export async function playRefusals(
  { server: first, image }: RunningLoop,
  wanted: readonly Act[],
  { directory, account, clock, signal }: { directory: string; account: Account; clock: Clock; signal: AbortSignal },
): Promise<Refusals> {
  let server = first;
  const ctl = connectCtl(server);
  const api = connectApi(server.url, server.tokenFile);
  const stage: Stage = {
    ...{ directory, image, size: fleetSize, account, clock, signal, api, ctl },
    server: () => server,
    async restart() {
      await server.exited;
      server = await startServer(`${directory}/data`, { listen: new URL(server.url).host });
    },
  };
  if (wanted.length > 0) await declare(directory, [image], ctl, { settle });
  const played: PlayedAct[] = [];
  for (const { name, title, play } of wanted) {
    account.say('—', title);
    const outcome = await play(stage);
    account.say(outcome.refused > 0 ? 'refused' : 'held', outcome.because, 'good');
    played.push({ act: name, ...outcome });
  }
  const replaced = (await api.replacements(group)).filter(({ state }) => state === 'succeeded').length;
  const refused = played.reduce((sum, one) => sum + one.refused, 0);
  account.say('the end', `replaced ${replaced}, refused ${refused}${played.length > 0 ? ', because' : ''}`, 'good');
  for (const { act, because } of played) account.say('', `${act}: ${because}`);
  return { replaced, refused, acts: played, server };
}
