import type { RulesView } from '../../../shared/api-rules.ts';
import { RulesStatement } from '../../../shared/rules.ts';
import { parseStatement } from '../../../shared/statement.ts';
import type { Db } from '../database.ts';
import { findRules, readRules, type StoredRules } from '../rules-store.ts';

/** By image, the latest first. Few: each is something that a person has signed. */
export async function listRules(db: Db, image: string | undefined): Promise<RulesView[]> {
  return Promise.all((await readRules(db, { image })).map((rules) => viewOf(db, rules)));
}

export async function findRulesView(db: Db, image: string, sequence: number): Promise<RulesView | undefined> {
  const rules = await findRules(db, image, sequence);
  return rules && viewOf(db, rules);
}

async function viewOf(db: Db, stored: StoredRules): Promise<RulesView> {
  const { envelope, signedBy, ...same } = stored;
  const { rules, profile } = parseStatement(Buffer.from(envelope.payload, 'base64'), RulesStatement).predicate;
  return { ...same, rules: rules.length, profile, signedBy: [...signedBy], ...(await countInstances(db, stored)) };
}

async function countInstances(db: Db, { image, sequence }: StoredRules) {
  const { instances, judging } = await db
    .selectFrom('instance')
    .innerJoin('image', 'image.digest', 'instance.image_digest')
    .select((eb) => [
      eb.fn.countAll<number>().as('instances'),
      eb.fn.countAll<number>().filterWhere('instance.rules', '=', sequence).as('judging'),
    ])
    .where('image.name', '=', image)
    .where('instance.lifecycle', '!=', 'retired')
    .executeTakeFirstOrThrow();
  return { instances, judging };
}
