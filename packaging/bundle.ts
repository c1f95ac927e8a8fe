import { cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { compileAhead } from './compile-ahead.ts';
import { houseDir } from './run-command.ts';

export interface AgentBundle {
  /** The file that `node` runs for `pristine`. */
  readonly entry: string;
  /** All files, by their name in the folder of the bundle. */
  readonly files: readonly string[];
  /** Names of the packages whose code is inside, sorted. */
  readonly packages: readonly string[];
}

/** A thread starts from a file of its own. Of each program: the file that starts it, what that runs, and what it is made of. */
const programs = [
  { chunk: 'environment', input: 'agent/clean-environment.ts' },
  {
    start: 'pristine.js',
    chunk: 'main',
    input: 'agent/main.ts',
    first: "load('environment.js').cleanEnvironment();\n",
  },
  { start: 'observer-thread.js', chunk: 'observer', input: 'agent/collect/observer-thread.ts' },
] as const satisfies readonly Program[];

interface Program {
  /** The file that starts it; without one, it is run by another. */
  readonly start?: string;
  readonly chunk: string;
  readonly input: string;
  /** Done before anything of it is loaded. */
  readonly first?: string;
}

/**
 * Writes the agent as plain JavaScript that needs nothing but Node: what ships, and what the bench measures. A file for
 * each command, so that none reads what it does not need, CommonJS, which Node starts faster, and compiled beforehand:
 * together a third of the time that a sweep of a small root takes.
 */
export async function bundleAgent(out = join(houseDir, 'dist/agent')): Promise<AgentBundle> {
  const modules: string[] = [];
  const { version } = JSON.parse(readFileSync(join(houseDir, 'package.json'), 'utf8')) as { version: string };
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const { start, chunk, input, first = '' } of programs as readonly Program[]) {
    const build = await rolldown({
      input: { [chunk]: join(houseDir, input) },
      cwd: houseDir,
      platform: 'node',
      tsconfig: false,
      // ws looks for two native helpers and does without them; koffi is native itself and stands beside.
      external: ['bufferutil', 'utf-8-validate', 'koffi'],
      onLog: (level, log) => {
        if (level === 'warn' && log.code !== 'EVAL') throw new Error(`bundling ${input}: ${log.message}`);
      },
    });
    const { output } = await build.write({
      dir: out,
      format: 'cjs',
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      comments: { legal: false },
      // Fewer bytes to read at each start; names stay, so that a stack trace can be read.
      minify: { compress: true, mangle: false, codegen: true },
    });
    await build.close();
    for (const written of output) if (written.type === 'chunk') modules.push(...written.moduleIds);
    if (start !== undefined)
      writeFileSync(join(out, start), `const { load } = require('./load.cjs');\n${first}load('${chunk}.js');\n`);
  }
  cpSync(join(import.meta.dirname, 'bundle/load.cjs'), join(out, 'load.cjs'));
  copyKoffi(out);
  writeFileSync(join(out, 'package.json'), `${JSON.stringify({ name: 'pristine', version, type: 'commonjs' })}\n`);
  const entry = join(out, 'pristine.js');
  compileAhead(entry);
  return {
    entry,
    files: readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => relative(out, join(file.parentPath, file.name)))
      .sort(),
    packages: [...new Set([...modules.flatMap(packagesOf), 'koffi'])].sort(),
  };
}

const koffiPackages = ['koffi', `@koromix/koffi-linux-${process.arch}`];

/** Only what is loaded: the rest of the package is its sources and its compiler. */
function copyKoffi(out: string): void {
  for (const name of koffiPackages) {
    const from = join(houseDir, 'node_modules', name);
    for (const file of globSync(['package.json', '{index,src/**/*}.cjs', 'index.js', 'linux_*/*.node'], {
      cwd: from,
    })) {
      cpSync(join(from, file), join(out, 'node_modules', name, file));
    }
  }
}

function packagesOf(module: string): string[] {
  const inside = module.split('/node_modules/').at(-1);
  if (inside === undefined || inside === module) return [];
  return [
    inside
      .split('/')
      .slice(0, inside.startsWith('@') ? 2 : 1)
      .join('/'),
  ];
}
