import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { sha256Hex } from '../../../shared/digest.ts';
import { CodedError, sentenceOf } from '../../../shared/errors.ts';
import type { KeptSnapshot } from '../provider.ts';
import type { Place } from './place.ts';
import { removeTree } from './remove-tree.ts';

const execute = promisify(execFile);

const Record = z.strictObject({ group: z.string(), key: z.string(), providerId: z.string() });
const idPattern = /^snapshot-[0-9a-f]{12}$/;
const unfinished = '.making-';

/**
 * Copies of disks, in a folder beside the machines, so that they stay when a machine goes: what was changed on an overlay, or
 * the whole of a root that was copied. The folder holds setuid programs and secrets, and is 0700.
 */
export function createKeptSnapshots(base: string) {
  const folder = join(base, 'snapshots');
  const idOf = (group: string, key: string) => `snapshot-${sha256Hex(`${group}\n${key}`).slice(0, 12)}`;
  const read = (id: string): KeptSnapshot => {
    const { key, providerId } = readRecord(join(folder, id));
    return { snapshotId: id, key, providerId, where: join(folder, id, 'disk') };
  };

  return {
    find(group: string, key: string): KeptSnapshot | undefined {
      const id = idOf(group, key);
      return existsSync(join(folder, id)) ? read(id) : undefined;
    },
    /** A name appears when all is there. Errors: IO. */
    async keep(group: string, key: string, place: Place): Promise<KeptSnapshot> {
      const id = idOf(group, key);
      const making = join(folder, `${unfinished}${id}`);
      await removeTree(making);
      mkdirSync(join(making, 'disk'), { recursive: true, mode: 0o700 });
      const source = existsSync(place.upper) ? place.upper : place.root;
      try {
        // Nothing of what is mounted beneath: it is not on this disk.
        await execute('cp', ['-a', '-x', '--reflink=auto', `${source}/.`, join(making, 'disk')]);
        await execute('sync', ['-f', making]);
      } catch (cause) {
        throw new CodedError('IO', `could not copy the disk of ${place.id}: ${sentenceOf(cause)}`, cause);
      }
      writeFileSync(join(making, 'snapshot.json'), JSON.stringify({ group, key, providerId: place.id }), {
        mode: 0o600,
      });
      renameSync(making, join(folder, id));
      return read(id);
    },
    async drop(group: string, id: string): Promise<void> {
      if (!idPattern.test(id)) throw new CodedError('NOT_FOUND', `expected the id of a snapshot, got ${id}`);
      const at = join(folder, id);
      if (!existsSync(at)) return;
      if (readRecord(at).group !== group) throw new CodedError('NOT_FOUND', `group ${group} has no snapshot ${id}`);
      const aside = join(folder, `${unfinished}${id}`);
      await removeTree(aside);
      renameSync(at, aside);
      await removeTree(aside);
    },
    list(group: string): readonly KeptSnapshot[] {
      if (!existsSync(folder)) return [];
      const ids = readdirSync(folder).filter((name) => idPattern.test(name));
      return ids.filter((id) => readRecord(join(folder, id)).group === group).map(read);
    },
  };
}

function readRecord(at: string): z.infer<typeof Record> {
  try {
    return Record.parse(JSON.parse(readFileSync(join(at, 'snapshot.json'), 'utf8')));
  } catch (cause) {
    throw new CodedError('IO', `${at}: expected a snapshot; move the folder away to go on`, cause);
  }
}
