import type { Document } from '../../shared/policy.ts';
import type { Db } from './database.ts';
import { applyExemption } from './exemption-store.ts';
import { applyGroup } from './group-store.ts';
import { applyPolicy } from './policy-store.ts';
import type { Applied } from './spec.ts';

/** One declared document in one transaction, so that what it was checked against cannot change meanwhile. `mayBe` throws where it may not. */
export function applyDocument(
  db: Db,
  document: Document,
  at: string,
  actor = 'admin',
  mayBe: (tx: Db) => Promise<void> = async () => {},
): Promise<Applied> {
  return db.transaction().execute(async (tx) => {
    await mayBe(tx);
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
