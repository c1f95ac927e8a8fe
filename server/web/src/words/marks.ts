import { restoredWords } from '../../../../shared/restored-text.ts';
import type { Change, Instance, Look, Replacement, Severity } from '../api/types.ts';
import type { IconName } from '../parts/icon.tsx';

type Tone = 'ok' | 'bad' | 'warn' | 'info' | 'quiet';

/** How a state is shown: a symbol, a word, and what the word means. The tone (colour) only repeats it. */
export interface Mark {
  readonly symbol: IconName;
  readonly word: string;
  readonly tone: Tone;
  readonly meaning: string;
}

export const contentMarks: Record<Instance['content'], Mark> = {
  in_sync: mark('check', 'in sync', 'ok', 'The last complete scan found everything as the image says.'),
  drifted: mark('differs', 'drifted', 'bad', 'Something differs from the image.'),
  unverifiable: mark('unknown', 'unverifiable', 'warn', 'Not known: something could not be measured, or not recently.'),
};

export const livenessMarks: Record<Instance['liveness'], Mark> = {
  online: mark('dot', 'online', 'ok', 'The agent is connected.'),
  silent: mark('silent', 'silent', 'warn', 'The agent has not been heard of lately.'),
  absent: mark('absent', 'absent', 'warn', 'The provider has it, and its agent never reported.'),
};

export const currencyMarks: Record<Instance['currency'], Mark> = {
  current: mark('check', 'current', 'ok', 'Made from a promoted image.'),
  outdated: mark('older', 'outdated', 'info', 'Its image is not among the promoted ones.'),
  expired: mark('clock', 'expired', 'warn', 'Its image is too old.'),
  unknown: mark('unknown', 'unknown image', 'quiet', 'No pushed image has its digest, or none is promoted.'),
};

export const lifecycleMarks: Record<Instance['lifecycle'], Mark> = {
  active: mark('dot', 'active', 'ok', 'A working member of its group.'),
  replacing: mark('cycle', 'replacing', 'info', 'A replacement for it is under way.'),
  quarantined: mark('box', 'quarantined', 'warn', 'Kept apart, for a person to look at.'),
  retired: mark('gone', 'retired', 'quiet', 'Terminated.'),
};

export const severityMarks: Record<Severity, Mark> = {
  info: mark('dot', 'info', 'quiet', 'Shown, and neither drifts nor taints.'),
  low: mark('stain', 'low', 'info', 'Severity low.'),
  medium: mark('stain', 'medium', 'warn', 'Severity medium.'),
  high: mark('alert', 'high', 'bad', 'Severity high.'),
  critical: mark('alert', 'critical', 'bad', 'Severity critical.'),
};

export const changeMarks: Record<Change, Mark> = {
  added: mark('plus', 'added', 'bad', 'Not in the image.'),
  removed: mark('gone', 'removed', 'bad', 'In the image, and gone.'),
  modified: mark('differs', 'modified', 'bad', 'Differs from the image.'),
};

export const restoredMark = mark(
  'back',
  restoredWords,
  'quiet',
  'It was written to, and was as the image says again when somebody looked. What it was in between is not known.',
);

export const replacementMarks: Record<Replacement['state'], Mark> = {
  reserved: mark('clock', 'reserved', 'info', 'A place in the budget is taken; nothing has been launched.'),
  launching: mark('cycle', 'launching', 'info', 'The provider is asked for the new instance.'),
  verifying: mark('cycle', 'verifying', 'info', 'The new instance must show a clean, complete scan.'),
  draining: mark('cycle', 'draining', 'info', 'The old instance is taken out of service.'),
  terminating: mark('cycle', 'terminating', 'info', 'The old instance is being terminated: no way back from here.'),
  quarantining: mark('box', 'quarantining', 'info', 'The old instance is isolated and kept: no way back from here.'),
  proving: mark('cycle', 'proving', 'info', 'The provider confirms the end of the old one; the proof is signed.'),
  soaking: mark('clock', 'soaking', 'info', 'Proven; the new instance is watched before the budget is free again.'),
  succeeded: mark('check', 'succeeded', 'ok', 'Replaced, and the new instance measured clean.'),
  rolling_back: mark('back', 'rolling back', 'warn', 'The new instance goes, the old one stays.'),
  failed: mark('box', 'failed', 'bad', 'Given up; the old instance stays.'),
  stuck: mark('hand', 'stuck', 'bad', 'A person is needed. It keeps its place in the budget.'),
};

export const lookMarks: Record<NonNullable<Look['outcome']>, Mark> = {
  agrees: mark('check', 'agrees', 'ok', 'All of the disk was looked at, and the agent had told of all that was found.'),
  differs: mark('alert', 'differs', 'bad', 'The agent lied or was blinded: it did not tell what is on the disk.'),
  undecided: mark('unknown', 'undecided', 'warn', 'What was seen may be no lie, or not everything could be looked at.'),
  failed: mark('box', 'not made', 'warn', 'The look could not be made, and proves nothing.'),
};

export const lookUnderWay = mark('cycle', 'under way', 'info', 'It has not ended yet, and says nothing so far.');

/** How an agent failed to tell of a difference. */
export const silenceWords: Record<Look['differences'][number]['told'], string> = {
  untold: 'told nothing of it',
  belittled: 'told that it is less grave',
  covered: 'told that a mount covers it',
  unanswered: 'told nothing of it, though it was asked',
};

export function taintMark(severity: Severity): Mark {
  return {
    ...severityMarks[severity],
    symbol: 'stain',
    word: `tainted ${severity}`,
    meaning:
      'It has drifted, and stays tainted until it is replaced or the drift is pardoned, even if it was reverted.',
  };
}

export function mark(symbol: IconName, word: string, tone: Tone, meaning: string): Mark {
  return { symbol, word, tone, meaning };
}
