import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../../../shared/digest.ts';
import { CodedError, sentenceOf } from '../../../shared/errors.ts';
import { MachineRecord } from './record.ts';
import { removeTree } from './remove-tree.ts';

/** The folder of one instance. Only `root` is the instance's own disk; the rest is around it. */
export interface Place {
  readonly id: string;
  readonly directory: string;
  readonly root: string;
  readonly upper: string;
  readonly work: string;
  readonly agent: string;
  readonly agentConfig: string;
  make(): void;
  read(): MachineRecord | undefined;
  /** Durable when it returns. */
  write(record: MachineRecord): MachineRecord;
  remove(): Promise<void>;
}

export interface Places {
  ofKey(group: string, key: string): Place;
  ofId(providerId: string): Place;
  all(group: string): Promise<readonly { readonly place: Place; readonly record: MachineRecord }[]>;
  /** Folders that were being removed when the server died. */
  removeRemains(): Promise<void>;
}

const idPattern = /^local-[0-9a-f]{12}$/;
const remains = '.removing-';

export function createPlaces(base: string): Places {
  const ofId = (id: string): Place => {
    if (!idPattern.test(id)) throw new CodedError('NOT_FOUND', `expected the id of a local instance, got ${id}`);
    return placeAt(base, id);
  };
  return {
    ofId,
    // Made from the key, so that the same key is the same place, also for a server that remembers nothing.
    ofKey: (group, key) => ofId(`local-${sha256Hex(`${group}\n${key}`).slice(0, 12)}`),
    async all(group) {
      const ids = namesIn(base).filter((name) => idPattern.test(name));
      return ids.flatMap((id) => {
        const place = ofId(id);
        const record = place.read();
        return record?.group === group ? [{ place, record }] : [];
      });
    },
    async removeRemains() {
      const names = namesIn(base).filter((name) => name.startsWith(remains));
      for (const name of names) await removeTree(join(base, name));
    },
  };
}

function placeAt(base: string, id: string): Place {
  const directory = join(base, id);
  const file = join(directory, 'instance.json');
  return {
    id,
    directory,
    root: join(directory, 'root'),
    upper: join(directory, 'upper'),
    work: join(directory, 'work'),
    agent: join(directory, 'agent'),
    agentConfig: join(directory, 'agent', 'agent.yaml'),
    // An image may hold setuid programs and secrets: nobody else on this machine gets at a copy of them.
    make: () => void mkdirSync(directory, { recursive: true, mode: 0o700 }),
    read() {
      try {
        return MachineRecord.parse(JSON.parse(readFileSync(file, 'utf8')));
      } catch (cause) {
        if (isMissing(cause)) return undefined;
        throw new CodedError(
          'IO',
          `${file}: expected the record of a local instance; move the folder away to go on`,
          cause,
        );
      }
    },
    write(record) {
      writeDurably(`${file}.new`, JSON.stringify(record));
      renameSync(`${file}.new`, file);
      syncDirectory(directory);
      return record;
    },
    async remove() {
      const aside = join(base, `${remains}${id}`);
      await removeTree(aside);
      renameSync(directory, aside);
      await removeTree(aside);
    },
  };
}

/** Only a folder that is not there has nothing in it: one that cannot be read must not look like machines that are gone. */
function namesIn(base: string): readonly string[] {
  try {
    return readdirSync(base);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw new CodedError('IO', `${base}: expected the folder of the local instances: ${sentenceOf(cause)}`, cause);
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function writeDurably(file: string, text: string): void {
  const fd = openSync(file, 'w', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
