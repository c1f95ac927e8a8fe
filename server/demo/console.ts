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
  return readdirSync(join(web, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((newest, entry) => Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);
}
