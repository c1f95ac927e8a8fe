import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApprovalRequest } from '../../../shared/api-approvals.ts';
import { CodedError } from '../../../shared/errors.ts';
import { connectCtl, declare } from '../fleet.ts';
import { type Act, expectAlive, meddle, settle, until, untilAtRest, untilBlocked, untilReplacement } from '../stage.ts';

/** The policy wants a yes. Who wrote the policy cannot give it; somebody else can, for one instance. */
export const approval: Act = {
  name: 'approval',
  title: 'a replacement that nobody has approved',
  async play(stage) {
    const { directory, image, ctl, account } = stage;
    const fleet = await untilAtRest(stage);
    await declare(directory, [image], ctl, { settle, approval: true });
    const [one] = fleet;
    meddle(stage, one!, 'echo "127.0.0.1 updates" >>"$1/etc/hosts.allow"', 'a line is added to /etc/hosts.allow');
    const because = await untilBlocked(stage, [one!], 'approval');
    const request = await until(stage, 'a request for approval', async () => {
      const { items } = JSON.parse(await ctl('approvals', 'list', '--json')) as { items: ApprovalRequest[] };
      return items.find(({ state }) => state === 'waiting');
    });
    const yes = ['approve', request.id, '--instances', '1', '--reason', 'seen, and not ours'];
    const own = await ctl(...yes).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    if (own === undefined) throw new CodedError('PROOF', 'whoever declared the policy approved what it does');
    account.say('not allowed', 'whoever declared the policy cannot approve what it does', 'good');
    await expectAlive(stage, fleet);
    const tokenFile = join(directory, 'oncall.token');
    writeFileSync(tokenFile, await ctl('access-tokens', 'create', 'oncall', '--role', 'approver'), { mode: 0o600 });
    await connectCtl(stage.server(), tokenFile)(...yes);
    account.say('approved', 'oncall says yes, for one instance', 'good');
    await untilReplacement(stage, one!, 'succeeded');
    await declare(directory, [image], ctl, { settle });
    await untilAtRest(stage);
    return { refused: 1, because };
  },
};
