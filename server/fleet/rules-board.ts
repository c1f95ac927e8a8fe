import type { PreviewedDrift, RulesPreviewView } from '../../shared/api-rules.ts';
import type { RulesAnswer, RulesPreviewed } from '../../shared/protocol.ts';
import { kindOf, type PreviewKind } from '../../shared/rules-preview.ts';

/** Distinct differences of one candidate that are kept by name; those above it are only counted. */
const driftsMax = 10_000;
const unansweredShownMax = 1_000;
/** Candidates of which answers are kept; of more, the first one is forgotten. A late answer about one that is gone begins one anew. */
const sheetsMax = 64;

/**
 * What agents said that candidates would change. In memory only: it is asked for again when a connection begins, and a
 * candidate is a matter of minutes.
 */
export interface RulesBoard {
  /** The first answer of an instance about some rules counts, so that nobody counts twice. */
  answered(instanceId: string, answer: RulesAnswer): void;
  forget(digest: string): void;
  view(digest: string, instanceIds: readonly string[], isOnline: (instanceId: string) => boolean): RulesPreviewView;
}

interface Sheet {
  readonly answers: Map<string, Pick<RulesPreviewed, 'before' | 'after'> | { readonly refused: string }>;
  readonly drifts: Map<string, PreviewedDrift>;
  unlisted: number;
}

export function createRulesBoard(): RulesBoard {
  const sheets = new Map<string, Sheet>();
  return {
    answered(instanceId, answer) {
      const sheet = sheets.get(answer.digest) ?? { answers: new Map(), drifts: new Map(), unlisted: 0 };
      sheets.set(answer.digest, sheet);
      if (sheets.size > sheetsMax) sheets.delete(sheets.keys().next().value!);
      const known = sheet.answers.get(instanceId);
      if (known !== undefined && !('refused' in known)) return;
      if (answer.type === 'rules-refused') {
        sheet.answers.set(instanceId, { refused: `refused: ${answer.code}: ${answer.message}` });
        return;
      }
      sheet.answers.set(instanceId, { before: answer.before, after: answer.after });
      count(sheet, answer);
    },
    forget: (digest) => void sheets.delete(digest),
    view(digest, instanceIds, isOnline) {
      const { answers, drifts, unlisted } = sheets.get(digest) ?? {
        answers: new Map(),
        drifts: new Map(),
        unlisted: 0,
      };
      const unanswered: { instanceId: string; why: string }[] = [];
      const counts = { answered: 0, turningDrifted: 0, turningInSync: 0 };
      for (const instanceId of instanceIds) {
        const answer = answers.get(instanceId);
        if (answer === undefined) unanswered.push({ instanceId, why: isOnline(instanceId) ? 'waiting' : 'offline' });
        else if ('refused' in answer) unanswered.push({ instanceId, why: answer.refused });
        else {
          counts.answered++;
          if (answer.after === 'drifted' && answer.before !== 'drifted') counts.turningDrifted++;
          if (answer.after === 'in_sync' && answer.before !== 'in_sync') counts.turningInSync++;
        }
      }
      const sorted = [...drifts.values()].sort((a, b) => b.instances - a.instances || (a.name < b.name ? -1 : 1));
      const ofKind = (kind: PreviewKind) => sorted.filter((drift) => kindOf(drift) === kind);
      return {
        ...counts,
        instances: instanceIds.length,
        unanswered: unanswered.slice(0, unansweredShownMax),
        unansweredCount: unanswered.length,
        flagged: ofKind('flagged'),
        silent: ofKind('silent'),
        regraded: ofKind('regraded'),
        unlisted,
      };
    },
  };
}

/** Instances need not grade alike: the same difference with other severities is a line of its own. */
function count(sheet: Sheet, { differences, counts }: RulesPreviewed): void {
  const counted = counts.flagged + counts.silent + counts.regraded;
  sheet.unlisted += Math.max(0, counted - differences.length);
  const own = new Map(differences.map((one) => [`${one.fingerprint} ${one.before} ${one.after}`, one]));
  for (const [key, difference] of own) {
    const known = sheet.drifts.get(key);
    if (known !== undefined) sheet.drifts.set(key, { ...known, instances: known.instances + 1 });
    else if (sheet.drifts.size < driftsMax) sheet.drifts.set(key, { ...difference, instances: 1 });
    else sheet.unlisted++;
  }
}
