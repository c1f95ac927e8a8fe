import type { Document } from '../../shared/policy.ts';
import { type Db, inTransaction } from './database.ts';
import { applyExemption } from './exemption-store.ts';
import { applyGroup } from './group-store.ts';
import { applyPolicy } from './policy-store.ts';
import type { Applied } from './spec.ts';

/** One declared document in one transaction, so that what it was checked against cannot change meanwhile. */
export function applyDocument(db: Db, document: Document, at: string, actor = 'admin'): Promise<Applied> {
  return inTransaction(db, async (tx) => {
    switch (document.kind) {
      case 'Group':
        return applyGroup(tx, document, at, { actor, how: 'applied', reason: null });
      case 'Policy':
        return applyPolicy(tx, document, at, actor);
      case 'Exemption':
        return applyExemption(tx, document, { at, author: actor });
      default:
        return document satisfies never;
    }
  });
}
