import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { describeApi } from '../server/http/describe.ts';

/**
 * Writes what is made from the code: the OpenAPI document and the console's types.
 * `--check` writes nothing and fails when a committed file differs from what the code makes now.
 */
const house = join(import.meta.dirname, '..');
const generated = join(house, 'server/web/src/generated');

const document = await describeApi();
const files: Readonly<Record<string, string>> = {
  [join(generated, 'openapi.json')]: `${JSON.stringify(document, null, 2)}\n`,
  [join(generated, 'api.ts')]: `// Made from openapi.json by \`npm run generate\`.\n${await typesOf(document)}`,
};

const check = process.argv.includes('--check');
for (const [file, text] of Object.entries(files)) {
  if ((await readFile(file, 'utf8').catch(() => undefined)) === text) continue;
  if (check) {
    console.error(`${relative(house, file)} is stale: run \`npm run generate\` and commit it`);
    process.exitCode = 1;
  } else {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    console.error(`wrote ${relative(house, file)}`);
  }
}

async function typesOf(document: object): Promise<string> {
  return astToString(await openapiTypescript(structuredClone(document) as never, { exportType: true }));
}
