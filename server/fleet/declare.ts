import { timestamp } from '../../shared/clock.ts';
import type { Document } from '../../shared/policy.ts';
import { applyDocument } from '../store/apply.ts';
import type { Db } from '../store/database.ts';
import { endExemption } from '../store/exemption-store.ts';
import type { Applied } from '../store/spec.ts';
import { settleExemptions } from './exemptions.ts';
import { refuseUnsoakedIn } from './promote.ts';

/**
 * One declared document, and what it changes at once, in one transaction: nobody sees an exemption that is in force beside the taint
 * of what it is for. `mayBe` throws where it may not.
 */
export function declare(
  db: Db,
  document: Document,
  { actor, now }: { readonly actor: string; readonly now: number },
  mayBe: (tx: Db) => Promise<void> = async () => {},
): Promise<Applied> {
  return db.transaction().execute(async (tx) => {
    await mayBe(tx);
    if (document.kind === 'Group') await refuseUnsoakedIn(tx, document, actor, now);
    const applied = await applyDocument(tx, document, timestamp(now), actor);
    if (document.kind === 'Exemption') await settleExemptions(tx, now);
    return applied;
  });
}

/** The same, of its end. Errors: NOT_FOUND; CONFLICT when it was ended before. */
export function endDeclared(db: Db, ended: Parameters<typeof endExemption>[1], now: number): Promise<void> {
  return db.transaction().execute(async (tx) => {
    await endExemption(tx, ended, timestamp(now));
    await settleExemptions(tx, now);
  });
}
