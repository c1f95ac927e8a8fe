import type { RulesState } from '../../shared/api-rules.ts';
import type { Envelope } from '../../shared/dsse.ts';
import type { Db } from './database.ts';
import { prepared } from './prepared.ts';
import type { RulesTable } from './tables.ts';

/** Rules that were pushed apart from an image. */
export interface StoredRules {
  readonly image: string;
  readonly sequence: number;
  readonly digest: string;
  readonly envelope: Envelope;
  readonly state: RulesState;
  readonly signedBy: readonly string[];
  readonly pushedAt: string;
  readonly activatedAt: string | null;
  readonly endedAt: string | null;
}

export async function insertRules(db: Db, rules: StoredRules): Promise<void> {
  const { image, envelope, signedBy, pushedAt, activatedAt, endedAt, ...same } = rules;
  await db
    .insertInto('rules')
    .values({
      ...same,
      image_name: image,
      envelope: JSON.stringify(envelope),
      signed_by: JSON.stringify(signedBy),
      pushed_at: pushedAt,
      activated_at: activatedAt,
      ended_at: endedAt,
    })
    .execute();
}

export async function findRules(db: Db, image: string, sequence: number): Promise<StoredRules | undefined> {
  const row = await db
    .selectFrom('rules')
    .selectAll()
    .where('image_name', '=', image)
    .where('sequence', '=', sequence)
    .executeTakeFirst();
  return row && storedRules(row);
}

/** Of all images, or of one; the latest first. */
export async function readRules(
  db: Db,
  { image, states }: { readonly image?: string | undefined; readonly states?: readonly RulesState[] } = {},
): Promise<readonly StoredRules[]> {
  let select = db.selectFrom('rules').selectAll().orderBy('image_name').orderBy('sequence', 'desc');
  if (image !== undefined) select = select.where('image_name', '=', image);
  if (states !== undefined) select = select.where('state', 'in', states);
  return (await select.execute()).map(storedRules);
}

/** Rules that are or were in force for an image, without their text. */
export interface RulesHead {
  readonly sequence: number;
  /** Null for those that were baked. */
  readonly activatedAt: string | null;
  /** Of the text, which never changes under one name. */
  readonly text: string;
  read(): Promise<Envelope>;
}

/** Of an image, the latest first: at most those in force and those before them. None where nobody has pushed the image. */
export async function rulesHeads(db: Db, imageDigest: string): Promise<readonly RulesHead[]> {
  const [image] = await bakedHead(db, { imageDigest });
  if (image === undefined) return [];
  const baked: RulesHead = {
    ...{ sequence: image.rules_sequence, activatedAt: null, text: `baked ${imageDigest}` },
    read: async () => JSON.parse((await bakedText(db, { imageDigest }))[0]!.rules),
  };
  const pushed = (await pushedHeads(db, { name: image.name })).map(
    ({ sequence, activated_at, digest }): RulesHead => ({
      ...{ sequence, activatedAt: activated_at, text: digest },
      read: async () => (await findRules(db, image.name, sequence))!.envelope,
    }),
  );
  return [...pushed, baked].sort((a, b) => b.sequence - a.sequence).slice(0, 2);
}

const bakedHead = prepared<{ imageDigest: string }>()((db, gap) =>
  db.selectFrom('image').select(['name', 'rules_sequence']).where('digest', '=', gap('imageDigest')),
);

const bakedText = prepared<{ imageDigest: string }>()((db, gap) =>
  db.selectFrom('image').select('rules').where('digest', '=', gap('imageDigest')),
);

const pushedHeads = prepared<{ name: string }>()((db, gap) =>
  db
    .selectFrom('rules')
    .select(['sequence', 'activated_at', 'digest'])
    .where('image_name', '=', gap('name'))
    .where('state', 'in', ['active', 'superseded'])
    .where('activated_at', 'is not', null)
    .orderBy('sequence', 'desc')
    .limit(2),
);

/** The highest sequence that anybody has signed for this name, baked or pushed. 0 where no image has it. */
export async function highestSequence(db: Db, image: string): Promise<number> {
  const baked = await db
    .selectFrom('image')
    .select((eb) => eb.fn.max('rules_sequence').as('highest'))
    .where('name', '=', image)
    .executeTakeFirst();
  const pushed = await db
    .selectFrom('rules')
    .select((eb) => eb.fn.max('sequence').as('highest'))
    .where('image_name', '=', image)
    .executeTakeFirst();
  return Math.max(baked?.highest ?? 0, pushed?.highest ?? 0);
}

/** What is in force, and the candidates that can no more come into force, end. */
export async function activate(db: Db, image: string, sequence: number, at: string): Promise<void> {
  await db
    .updateTable('rules')
    .set({ state: 'superseded', ended_at: at })
    .where('image_name', '=', image)
    .where('state', 'in', ['active', 'candidate'])
    .where('sequence', '<', sequence)
    .execute();
  await setState(db, image, sequence, { state: 'active', activated_at: at });
}

export async function withdraw(db: Db, image: string, sequence: number, at: string): Promise<void> {
  await setState(db, image, sequence, { state: 'withdrawn', ended_at: at });
}

async function setState(db: Db, image: string, sequence: number, values: Partial<RulesTable>): Promise<void> {
  await db.updateTable('rules').set(values).where('image_name', '=', image).where('sequence', '=', sequence).execute();
}

/** All that are not retired and are of an image of this name. */
export async function instancesOfName(db: Db, image: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('instance')
    .innerJoin('image', 'image.digest', 'instance.image_digest')
    .select('instance.id')
    .where('image.name', '=', image)
    .where('instance.lifecycle', '!=', 'retired')
    .execute();
  return rows.map(({ id }) => id);
}

function storedRules(row: RulesTable): StoredRules {
  return {
    image: row.image_name,
    sequence: row.sequence,
    digest: row.digest,
    envelope: JSON.parse(row.envelope),
    state: row.state,
    signedBy: JSON.parse(row.signed_by),
    pushedAt: row.pushed_at,
    activatedAt: row.activated_at,
    endedAt: row.ended_at,
  };
}

/** What an agent should judge by, and the latest that it may be asked to try. Those up to `above` are not looked for. */
export async function rulesFor(
  db: Db,
  instanceId: string,
  above = 0,
): Promise<{ readonly active: StoredRules | undefined; readonly candidate: StoredRules | undefined }> {
  const rows = await rulesAbove(db, { instanceId, above });
  const latest = (state: RulesState) => rows.find((row) => row.state === state);
  const [active, candidate] = [latest('active'), latest('candidate')];
  return { active: active && storedRules(active), candidate: candidate && storedRules(candidate) };
}

const rulesAbove = prepared<{ instanceId: string; above: number }>()((db, gap) =>
  db
    .selectFrom('rules')
    .innerJoin('image', 'image.name', 'rules.image_name')
    .innerJoin('instance', 'instance.image_digest', 'image.digest')
    .selectAll('rules')
    .where('instance.id', '=', gap('instanceId'))
    .where('rules.state', 'in', ['active', 'candidate'])
    .where('rules.sequence', '>', gap('above'))
    .orderBy('rules.sequence', 'desc'),
);
