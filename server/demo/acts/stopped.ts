import { group } from '../fleet.ts';
import { signalProcesses } from '../processes.ts';
import { type Act, agentOf, expectAlive, meddle, until, untilAtRest } from '../stage.ts';

/** Root freezes the agent, changes a file and puts it back, and lets the agent go on. Silence kills nobody. */
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
    await untilAtRest(stage);
    const told = (await api.findings(one!.id)).some(({ name }) => name === '/etc/profile');
    const because = 'silence ends nothing: the machine runs, and a person looks';
    return { refused: 1, because: told ? `${because}; what was written and put back was told of` : because };
  },
};
