import type { ApprovalRequest, ExemptionView, PolicyView, Quarantine, Rollout } from '../api/types.ts';
import { type Mark, mark } from './marks.ts';

export const approvalMarks: Record<ApprovalRequest['state'], Mark> = {
  waiting: mark('hand', 'waits for a person', 'warn', 'Nothing of it starts before people approve it.'),
  approved: mark('check', 'approved', 'ok', 'Enough people said yes; budgets and windows still hold.'),
  refused: mark('gone', 'refused', 'bad', 'Somebody said no, and nobody has approved it since.'),
  void: mark('clock', 'void', 'quiet', 'The policy or the image is another one by now.'),
};

export const quarantineMarks: Record<Quarantine['state'], Mark> = {
  isolating: mark('cycle', 'isolating', 'info', 'It is being cut off from the network.'),
  copying: mark('cycle', 'copying', 'info', 'Its disk is being copied.'),
  kept: mark('box', 'kept', 'ok', 'Isolated and copied; nothing happens to it before it expires.'),
  ending: mark('cycle', 'ending', 'warn', 'The machine is being ended, and its copy dropped.'),
  ended: mark('gone', 'ended', 'quiet', 'It is kept no more.'),
};

export const modeMarks: Record<PolicyView['policy']['mode'], Mark> = {
  observe: mark('dot', 'observe', 'quiet', 'It plans and shows, and acts on nothing.'),
  enforce: mark('cycle', 'enforce', 'info', 'It replaces instances.'),
};

export const exemptionMarks: Record<ExemptionView['state'], Mark> = {
  in_force: mark('check', 'in force', 'info', 'What it is for counts for nothing until it ends.'),
  expired: mark('clock', 'expired', 'quiet', 'Its time is over.'),
  ended: mark('gone', 'ended', 'quiet', 'A person ended it.'),
};

export function rolloutMark({ paused, soakedAt }: Rollout): Mark {
  if (paused !== null)
    return mark('hand', 'paused', 'bad', 'Its replacements fared worse than what they replace. A person must look.');
  if (soakedAt === null)
    return mark('clock', 'canaries first', 'info', 'Its canaries come first, and must soak clean.');
  return mark('check', 'soaked', 'ok', 'Its canaries soaked clean; the rest follow by policy.');
}
