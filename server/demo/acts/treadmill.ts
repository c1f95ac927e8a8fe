import { CodedError } from '../../../shared/errors.ts';
import { group } from '../fleet.ts';
import { type Act, expectAlive, forgive, meddle, untilAtRest, untilBreaker, untilReplacement } from '../stage.ts';

/** Each replacement is clean at its proof, and drifts as its predecessor did. The second generation is enough. */
export const treadmill: Act = {
  name: 'treadmill',
  title: 'drift that comes back after each replacement',
  async play(stage) {
    const [first] = await untilAtRest(stage);
    const script = 'echo "* * * * * root /usr/local/bin/beacon" >"$1/etc/beacon"';
    meddle(stage, first!, script, 'somebody who has a way in leaves /etc/beacon');
    const done = await untilReplacement(stage, first!, 'succeeded');
    const fleet = await untilAtRest(stage);
    const second = fleet.find(({ id }) => id === done.newInstanceId);
    if (second === undefined) throw new CodedError('PROOF', `expected ${done.newInstanceId} in place of ${first!.id}`);
    meddle(stage, second, script, 'and comes back to the machine that replaced it');
    const because = await untilBreaker(stage);
    await expectAlive(stage, fleet);
    const again = (await stage.api.replacements(group)).find((one) => one.oldInstanceId === second.id);
    if (again?.state === 'succeeded') throw new CodedError('PROOF', 'the second generation was replaced');
    meddle(stage, second, 'rm "$1/etc/beacon"', 'the way in is closed, and the file is gone');
    await forgive(stage, [second], 'the way in is closed');
    await untilAtRest(stage);
    return { refused: 1, because };
  },
};
