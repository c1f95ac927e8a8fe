import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('../web', import.meta.url));

/** Builds the console where it is missing or older than its sources, so that the server can show it. True when it built. */
export async function buildConsole(): Promise<boolean> {
  const built = join(web, 'dist', 'index.html');
  if (existsSync(built) && statSync(built).mtimeMs > newestSource()) return false;
  const { build } = await import('vite');
  await build({ root: web, logLevel: 'error' });
  return true;
}

function newestSource(): number {
  return readdirSync(web, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(join(web, 'dist')))
    .reduce((newest, path) => Math.max(newest, statSync(path).mtimeMs), 0);
}
