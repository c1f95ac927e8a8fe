import { type Act, agentOf, mayMount, meddle, untilAtRest, untilContent, untilReplacement } from '../stage.ts';

/** Root mounts the image over the agent's view of the disk, and changes what lies beneath. The agent says in sync. */
export const blinded: Act = {
  name: 'blinded',
  title: 'an agent that is shown the image in place of its disk',
  async play(stage) {
    if (!mayMount()) return { refused: 0, because: 'not played: to mount takes root' };
    const { account, ctl, image } = stage;
    const [one] = await untilAtRest(stage);
    const [pid] = agentOf(stage, one!);
    // Whoever stood in the folder before still sees what lies beneath.
    const beneath = `cd "$1" && nsenter --target ${pid} --mount mount --bind '${image.root}' "$1" && echo x >etc/backdoor`;
    meddle(stage, one!, beneath, 'root mounts the image over what the agent sees, and leaves /etc/backdoor beneath');
    await ctl('instances', 'look', one!.id, '--wait');
    await untilContent(stage, [one!], 'drifted');
    account.say(
      'seen',
      `${one!.providerId}: the server looked at its disk itself, and it is not what the agent says`,
      'good',
    );
    await untilReplacement(stage, one!, 'succeeded');
    await untilAtRest(stage);
    return {
      refused: 0,
      because: 'the disk as the server sees it is not what the agent told: replaced, whatever it says',
    };
  },
};
