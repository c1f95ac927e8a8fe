import { type Act, meddle, untilAtRest, untilContent, untilReplacement } from '../stage.ts';

/** Whoever changed it puts everything back before anybody comes. It is as clean as before, and trusted no more. */
export const reverted: Act = {
  name: 'reverted',
  title: 'a change that is taken back',
  async play(stage) {
    const [one] = await untilAtRest(stage);
    meddle(stage, one!, 'cp /bin/sh "$1/etc/cron.hourly.bin" && chmod 4755 "$1/etc/cron.hourly.bin"', 'a setuid shell');
    await untilContent(stage, [one!], 'drifted');
    meddle(stage, one!, 'rm -f "$1/etc/cron.hourly.bin"', 'and it is gone again');
    const { cause } = await untilReplacement(stage, one!, 'succeeded');
    await untilAtRest(stage);
    const severity = cause.trigger === 'drift' ? cause.severity : '';
    return { refused: 0, because: `what was ${severity} stays tainted though it was reverted: replaced all the same` };
  },
};
