import type { ApplyResult } from '../../shared/api.ts';
import type { Document } from '../../shared/policy.ts';
import type { Db } from './database.ts';
import { applyExemption } from './exemption-store.ts';
import { applyGroup } from './group-store.ts';
import { applyPolicy } from './policy-store.ts';

/** One declared document in one transaction, so that what it was checked against cannot change meanwhile. */
export function applyDocument(db: Db, document: Document, at: string, author = 'admin'): Promise<ApplyResult> {
  return db.transaction().execute((tx) => {
    switch (document.kind) {
      case 'Group':
        return applyGroup(tx, document, at);
      case 'Policy':
        return applyPolicy(tx, document, at);
      case 'Exemption':
        return applyExemption(tx, document, { at, author });
      default:
        return document satisfies never;
    }
  });
}
