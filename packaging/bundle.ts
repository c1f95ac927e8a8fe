import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { houseDir } from './run-command.ts';

export interface AgentBundle {
  /** The file that `node` runs for `pristine`. */
  readonly entry: string;
  /** All files, by their name in the folder of the bundle. */
  readonly files: readonly string[];
  /** Names of the packages whose code is inside, sorted. */
  readonly packages: readonly string[];
}

/** A thread starts from a file of its own. */
const programs = { pristine: 'agent/main.ts', 'observer-thread': 'agent/collect/observer-thread.ts' };

/**
 * Writes the agent as plain JavaScript that needs nothing but Node: what ships, and what the bench measures. A file for
 * each command, so that none reads what it does not need, and CommonJS, which Node starts faster: together a fifth of the
 * time that a sweep of a small root takes.
 */
export async function bundleAgent(out = join(houseDir, 'dist/agent')): Promise<AgentBundle> {
  const modules: string[] = [];
  const files: string[] = [];
  const { version } = JSON.parse(readFileSync(join(houseDir, 'package.json'), 'utf8')) as { version: string };
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const [name, input] of Object.entries(programs)) {
    const build = await rolldown({
      input: { [name]: join(houseDir, input) },
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
    for (const chunk of output) {
      files.push(chunk.fileName);
      if (chunk.type === 'chunk') modules.push(...chunk.moduleIds);
    }
  }
  files.push(...copyKoffi(out));
  const packageJson = { name: 'pristine', version, type: 'commonjs' };
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(packageJson)}\n`);
  return {
    entry: join(out, 'pristine.js'),
    files: [...files, 'package.json'].sort(),
    packages: [...new Set([...modules.flatMap(packagesOf), 'koffi'])].sort(),
  };
}

const koffiPackages = ['koffi', `@koromix/koffi-linux-${process.arch}`];

/** Only what is loaded: the rest of the package is its sources and its compiler. */
function copyKoffi(out: string): readonly string[] {
  const places = koffiPackages.flatMap((name) =>
    globSync(['package.json', '{index,src/**/*}.cjs', 'index.js', 'linux_*/*.node'], {
      cwd: join(houseDir, 'node_modules', name),
    }).map((file) => `node_modules/${name}/${file}`),
  );
  for (const place of places) cpSync(join(houseDir, place), join(out, place));
  return places;
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
