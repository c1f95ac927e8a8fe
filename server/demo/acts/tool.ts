import { type Act, expectAlive, forgive, meddle, untilAtRest, untilBlocked, untilBreaker } from '../stage.ts';

/** A configuration tool changes half the fleet alike. Replacing would not stop it: the breaker opens and calls a person. */
export const tool: Act = {
  name: 'tool',
  title: 'a tool that changes half the fleet',
  async play(stage) {
    const fleet = await untilAtRest(stage);
    const changed = fleet.slice(0, stage.size / 2);
    for (const instance of changed)
      meddle(stage, instance, 'echo managed >"$1/etc/managed-by-tool"', 'a tool writes /etc/managed-by-tool');
    const because = await untilBreaker(stage);
    await untilBlocked(stage, changed, 'breaker');
    await expectAlive(stage, fleet);
    for (const instance of changed)
      meddle(stage, instance, 'rm "$1/etc/managed-by-tool"', 'the tool is stopped, and its file is gone');
    await forgive(stage, changed, 'the tool was ours, and is switched off');
    await untilAtRest(stage);
    return { refused: changed.length, because };
  },
};
