import { group } from '../fleet.ts';
import { signalProcesses } from '../processes.ts';
import { type Act, agentOf, expectAlive, meddle, until, untilAtRest, untilReplacement } from '../stage.ts';

/** Root freezes the agent, changes a file and puts it back, and lets the agent go on. Silence kills nobody; what was done is told. */
export const stopped: Act = {
  name: 'stopped',
  title: 'an agent that is stopped while a file is changed and put back',
  async play(stage) {
    const { account, api } = stage;
    const fleet = await untilAtRest(stage);
    const [one] = fleet;
    const agent = agentOf(stage, one!);
    signalProcesses(agent, 'SIGSTOP');
    account.say('stopped', `${one!.providerId}: its agent is stopped`, 'bad');
    const change = 'cp -p "$1/etc/profile" "$1/tmp.profile" && echo x >>"$1/etc/profile"';
    meddle(stage, one!, `${change} && mv "$1/tmp.profile" "$1/etc/profile"`, 'a line comes and goes in /etc/profile');
    await until(stage, `${one!.providerId} silent`, async () =>
      (await api.instances(group)).find(({ id, liveness }) => id === one!.id && liveness === 'silent'),
    );
    await expectAlive(stage, fleet);
    account.say('silent', `${one!.providerId} says nothing: a person is called, and nothing is ended for it`, 'wait');
    signalProcesses(agent, 'SIGCONT');
    await untilReplacement(stage, one!, 'succeeded');
    await untilAtRest(stage);
    return {
      refused: 1,
      because:
        'silence ends nothing; when the agent went on, it told what had been written and put back, and was replaced',
    };
  },
};
