import type { QuarantineView } from '../../../shared/api-quarantine.ts';
import { CodedError } from '../../../shared/errors.ts';
import { declare, group } from '../fleet.ts';
import { type Act, meddle, settle, until, untilAtRest, untilReplacement } from '../stage.ts';

/** Critical drift is replaced, and its machine is kept: isolated, with a copy of its disk, until somebody has looked. */
export const quarantine: Act = {
  name: 'quarantine',
  title: 'critical drift, of which the evidence is wanted',
  async play(stage) {
    const { directory, image, ctl, account } = stage;
    const [one] = await untilAtRest(stage);
    await declare(directory, [image], ctl, { settle, quarantine: true });
    meddle(
      stage,
      one!,
      'cp /bin/sh "$1/etc/evidence" && chmod 4755 "$1/etc/evidence"',
      'a setuid shell, /etc/evidence',
    );
    await untilReplacement(stage, one!, 'succeeded');
    const kept = await until(stage, `${one!.providerId} kept`, async () => {
      const out = await ctl('quarantine', 'list', '--group', group, '--json');
      const { items } = JSON.parse(out) as { items: QuarantineView[] };
      return items.find(({ instanceId, state }) => instanceId === one!.id && state === 'kept');
    });
    if (kept.snapshotId === null) throw new CodedError('PROOF', `expected a copy of the disk of ${one!.providerId}`);
    account.say(
      'kept',
      `${one!.providerId} is isolated, and a copy of its disk is kept until ${kept.expiresAt}`,
      'good',
    );
    await declare(directory, [image], ctl, { settle });
    await untilAtRest(stage);
    const because = `the machine was not ended when it was replaced: it is kept until ${kept.expiresAt}`;
    return { refused: 1, because };
  },
};
