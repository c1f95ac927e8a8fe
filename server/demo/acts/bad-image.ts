import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bake, declare, group } from '../fleet.ts';
import { type Act, expectAlive, forgive, settle, until, untilAtRest, untilBreaker } from '../stage.ts';

/** The next image is not what was baked of it: its first replacement drifts. Nothing dies, and the former image is back in one command. */
export const badImage: Act = {
  name: 'bad-image',
  title: 'an image whose replacements drift',
  async play(stage) {
    const { directory, image, ctl, account, api } = stage;
    const fleet = await untilAtRest(stage);
    const root = join(directory, 'image-root-2');
    cpSync(image.root, root, { recursive: true, verbatimSymlinks: true });
    const next = { version: '2', root, baked: await bake(directory, root, '2') };
    writeFileSync(join(root, 'etc/added-after-the-bake'), 'somebody was in a hurry\n');
    await ctl('keys', 'trust', next.baked.pub);
    await ctl('images', 'push', next.baked.manifest);
    await declare(directory, [image, next], ctl, { settle });
    await ctl('images', 'promote', 'demo@2', '--group', group);
    account.say('promoted', 'demo@2 is stable now: all are outdated');
    const because = await untilBreaker(stage);
    await until(
      stage,
      'nothing under way',
      async () =>
        (await api.replacements(group)).every(({ state }) => state === 'succeeded' || state === 'failed') || undefined,
    );
    await expectAlive(stage, fleet);
    await ctl('images', 'rollback', '--group', group);
    account.say('rollback', 'demo@1 is stable again, in one command', 'good');
    await forgive(stage, [], 'demo@2 will be baked again');
    await untilAtRest(stage);
    return { refused: fleet.length, because };
  },
};
