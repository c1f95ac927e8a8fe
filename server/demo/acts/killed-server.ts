import { CodedError } from '../../../shared/errors.ts';
import { group } from '../fleet.ts';
import { type Act, meddle, untilAtRest, untilReplacement } from '../stage.ts';

/** The server is killed while it replaces. The one that starts asks the provider what there is, and goes on: nothing twice. */
export const killedServer: Act = {
  name: 'killed-server',
  title: 'a server that is killed in the middle of a replacement',
  async play(stage) {
    const { account, api, server, restart } = stage;
    const [one] = await untilAtRest(stage);
    meddle(stage, one!, 'echo x >>"$1/etc/profile"', 'a line is added to /etc/profile');
    const begun = await untilReplacement(stage, one!, 'launching', 'verifying');
    server().kill();
    account.say('kill -9', `the server is killed while replacement ${begun.id} is ${begun.state}`, 'bad');
    await restart();
    account.say('server', 'started anew over the same data');
    await untilReplacement(stage, one!, 'succeeded');
    await untilAtRest(stage);
    const all = (await api.replacements(group)).filter(({ oldInstanceId }) => oldInstanceId === one!.id);
    if (all.length !== 1) throw new CodedError('PROOF', `expected one replacement of ${one!.id}, got ${all.length}`);
    return {
      refused: 1,
      because: `one launch for one replacement: ${begun.id} went on where it was, and no second began`,
    };
  },
};
