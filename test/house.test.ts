import { existsSync } from 'node:fs';
import { dirname, join, matchesGlob } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingPackages } from '../packaging/complete-lock.ts';
import { programs } from '../vitest.config.ts';
import { houseDir, houseFiles, importsOf, packageOf, readHouseFile, withoutComments } from './support/house.ts';

const files = houseFiles();
const sources = files
  .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
  .map((file) => {
    const text = readHouseFile(file);
    return { file, text, imports: importsOf(file, text) };
  });
const under = (folder: string) => (file: string) => file.startsWith(`${folder}/`);
const isOurs = (name: string) => /^(agent|server|shared|test|packaging)\//.test(name);

/**
 * Who may import whom (DESIGN §2): what each room may know of ours besides itself. A longer name is a room of its own
 * inside a shorter one. The files at the top of the server wire its rooms and may know them all.
 */
const mayKnow: Readonly<Record<string, readonly string[]>> = {
  'shared/': [],
  'agent/': ['shared/'],
  'server/': ['shared/'],
  'server/gateway/': ['shared/', 'server/intake/', 'server/fleet/', 'server/store/'],
  'server/intake/': ['shared/', 'server/fleet/', 'server/store/'],
  'server/fleet/': ['shared/', 'server/store/'],
  'server/store/': ['shared/'],
  // Read models show what fleet's pure deciders say of a row.
  'server/store/views/': ['shared/', 'server/store/', 'server/fleet/'],
  'server/replace/': ['shared/', 'server/fleet/', 'server/store/', 'server/provider/provider.ts'],
  'server/outside/': ['shared/', 'server/fleet/', 'server/store/', 'server/provider/provider.ts'],
  'server/notify/': ['shared/', 'server/fleet/', 'server/store/'],
  'server/provider/': ['shared/'],
  'server/http/': ['shared/', 'server/fleet/', 'server/store/'],
  'server/demo/': ['shared/'],
  'server/ctl/': ['shared/'],
  'server/web/': ['shared/'],
  'packaging/': ['shared/', 'agent/', 'server/'],
};

/** Packages that only one room may know, so that the rest can do without them. */
const onlyIn: Readonly<Record<string, readonly string[]>> = {
  ws: ['agent/report/', 'server/gateway/', 'test/'],
  koffi: ['agent/host/', 'test/'],
  'better-sqlite3': ['server/store/', 'test/'],
  fastify: ['server/http/', 'test/'],
  react: ['server/web/'],
};

/** The only places that may read a clock or set a timer of their own, each with its reason. */
const ownClock: Readonly<Record<string, string>> = {
  'shared/clock.ts': 'it is the clock',
};

/** What in the agent may start a process, or become another program, each with its reason. */
const startsProcesses: Readonly<Record<string, string>> = {
  'agent/clean-environment.ts': 'it begins anew, in the same process',
  'agent/collect/silent-mounts.ts': 'who touches a mount that does not answer never comes back',
  'agent/sweep-child.ts': 'the memory of a sweep is gone after it',
};
const spawning: ReadonlySet<string> = new Set(['node:child_process', 'node:cluster', 'node:repl']);
/** Of Node, or of the C library through koffi. */
const execs = /\b(?:execv\w*|execl\w*|fexecve|posix_spawnp?|v?fork|popen|system)\(|process\.binding/;

describe('the house', () => {
  it('keeps its rooms apart', () => {
    const wrong = sources.flatMap(({ file, imports }) => {
      const room = Object.keys(mayKnow)
        .filter((name) => file.startsWith(name))
        .sort((a, b) => b.length - a.length)[0];
      if (room === undefined) return [];
      const known = [room, ...(mayKnow[room] as string[])];
      return imports
        .filter((name) => isOurs(name) && !known.some((prefix) => isWithin(name, prefix)))
        .map((name) => `${file} imports ${name}`);
    });

    expect(wrong).toEqual([]);
  });

  it('keeps shared pure: zod and node:crypto only', () => {
    const wrong = sources
      .filter(({ file }) => under('shared')(file))
      .flatMap(({ file, imports }) => imports.map((name) => ({ file, name })))
      .filter(({ name }) => !isOurs(name) && name !== 'zod' && name !== 'node:crypto');

    expect(wrong).toEqual([]);
  });

  it('imports each confined package in its room only', () => {
    const wrong = sources.flatMap(({ file, imports }) =>
      imports
        .filter((name) => onlyIn[packageOf(name)]?.every((room) => !file.startsWith(room)))
        .map((name) => `${file} imports ${name}`),
    );

    expect(wrong).toEqual([]);
  });

  it('opens each room with a README', () => {
    const rooms = new Set(sources.map(({ file }) => roomOf(file)).filter((room) => room !== undefined));
    const silent = [...rooms].filter((room) => !existsSync(join(houseDir, room, 'README.md')));

    expect(silent).toEqual([]);
  });

  it('has no file of more than 400 lines', () => {
    const lengths = sources.map(({ file, text }) => ({ file, lines: text.split('\n').length - 1 }));
    for (const { file, lines } of lengths) {
      if (lines > 300) console.warn(`${file}: ${lines} lines; look for the second noun`);
    }

    expect(lengths.filter(({ lines }) => lines > 400)).toEqual([]);
  });

  it('reads time from the clock it is given', () => {
    const raw = /\bDate\.now\(|\bnew Date\(\)|\bset(?:Timeout|Interval)\(|\bperformance\.now\(|['"]node:timers/;
    const wrong = sources
      .filter(({ file }) => /^(agent|server|shared)\//.test(file) && !under('server/web')(file))
      .filter(({ file }) => !(file in ownClock))
      .flatMap(({ file, text }) =>
        withoutComments(text)
          .split('\n')
          .flatMap((line, index) => (raw.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
      );

    expect(wrong).toEqual([]);
  });

  it('lets the agent start nothing but its own sweeps, and those who ask whether a mount answers', () => {
    const wrong = sources
      .filter(({ file }) => under('agent')(file) && !(file in startsProcesses))
      .filter(({ imports, text }) => imports.some((name) => spawning.has(name)) || execs.test(withoutComments(text)))
      .map(({ file }) => file);

    expect(wrong).toEqual([]);
    expect(Object.keys(startsProcesses).filter((file) => !files.includes(file))).toEqual([]);
  });

  it('has no stale permission to own a clock', () => {
    expect(Object.keys(ownClock).filter((file) => !files.includes(file))).toEqual([]);
  });

  it('uses each package that it ships', () => {
    const manifest = JSON.parse(readHouseFile('package.json')) as { dependencies: Record<string, string> };
    const used = new Set(
      sources
        .filter(({ file }) => /^(agent|server|shared)\//.test(file))
        .flatMap(({ imports }) => imports.map(packageOf)),
    );

    expect(Object.keys(manifest.dependencies).filter((name) => !used.has(name))).toEqual([]);
  });

  it('knows where the tests are that start programs', () => {
    const gone = programs.filter((pattern) => !files.some((file) => matchesGlob(file, pattern)));

    expect(gone).toEqual([]);
  });

  it('locks the packages of every platform, or npm ci refuses the lock', () => {
    const { packages } = JSON.parse(readHouseFile('package-lock.json'));

    expect(missingPackages(packages)).toEqual([]);
  });

  it('leaves nothing for later and no test alone', () => {
    const marks = new RegExp(['TO', 'DO|FIX', 'ME|\\b(?:it|test|describe)\\.', 'only\\('].join(''));
    const wrong = files
      .filter((file) => /\.(tsx?|js|mjs|sh|md|ya?ml|json)$/.test(file) && file !== 'package-lock.json')
      .flatMap((file) =>
        readHouseFile(file)
          .split('\n')
          .flatMap((line, index) => (marks.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
      );

    expect(wrong).toEqual([]);
  });

  it('has no page with a link to nowhere', () => {
    const broken = files
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) => linksOf(readHouseFile(file)).map((link) => ({ file, link })))
      .filter(({ file, link }) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? file : join(dirname(file), path);
        if (!existsSync(join(houseDir, target))) return true;
        return anchor !== undefined && !headingsOf(readHouseFile(target)).includes(anchor);
      });

    expect(broken).toEqual([]);
  });
});

function isWithin(name: string, prefix: string): boolean {
  return name === prefix || (prefix.endsWith('/') && name.startsWith(prefix));
}

/** Rooms are the top folders and, in agent and server, the folders directly inside. */
function roomOf(file: string): string | undefined {
  const [top, inner, deeper] = file.split('/');
  if (inner === undefined) return undefined;
  return (top === 'agent' || top === 'server') && deeper !== undefined ? `${top}/${inner}` : top;
}

function linksOf(page: string): string[] {
  return [...page.replace(/```[\s\S]*?```/g, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] as string)
    .filter((link) => !/^[a-z]+:/.test(link));
}

function headingsOf(page: string): string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replace(/ /g, '-'),
  );
}
