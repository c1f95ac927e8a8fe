import type { Command } from 'commander';
import { leaf, noun } from './command.ts';

/** The commands about replacements and their proofs. `instanceSaid` and `idSaid` are how people name one of many. */
export function addReplacing(
  program: Command,
  { instanceSaid, idSaid }: { readonly instanceSaid: string; readonly idSaid: string },
): void {
  const replacements = noun(program, 'replacements', 'one new instance for one old one');
  const replacement = () => import('./commands/replacements.ts');
  leaf(
    replacements,
    'list',
    'replacements, newest first',
    async () => (await replacement()).list,
    'replacements list --group web-prod --active',
  )
    .option('--group <name>', 'of this group')
    .option('--active', 'only those under way');
  leaf(
    replacements,
    'get <id>',
    `one replacement with its steps, by ${idSaid}`,
    async () => (await replacement()).get,
    'replacements get 55ec72',
  );
  leaf(
    replacements,
    'start <instance>',
    `ask for the replacement of an instance, named by ${instanceSaid}`,
    async () => (await replacement()).start,
    "replacements start i-0a1b2c3d --policy web --reason 'its disk is slow'",
  )
    .requiredOption('--policy <name>', 'one that selects it and has `{manual: true}` among its triggers')
    .requiredOption('--reason <text>', 'why; kept with the event')
    .addHelpText(
      'after',
      `
All that holds back other replacements holds back this one too, but for settling. What cannot begin within a day is forgotten.`,
    );
  leaf(
    replacements,
    'proof <id>',
    'its signed proof, as it is',
    async () => (await replacement()).proof,
    'replacements proof 55ec72 -o proof.json',
  ).option('-o, --output <file>', 'write it there; refuses a file that exists');

  leaf(
    replacements,
    'why <instance>',
    `why an instance is replaced, or why it is not, by ${instanceSaid}`,
    async () => (await import('./commands/why.ts')).why,
    'replacements why i-0a1b2c3d',
  );
  for (const [name, says, because] of [
    ['abort', 'give it up while there is a way back', 'the image is wrong'],
    ['retry', 'try a stuck one again; of one that failed too often, let the next begin', 'the quota is raised'],
  ] as const)
    leaf(
      replacements,
      `${name} <id>`,
      says,
      async () => (await replacement()).intervene(name),
      `replacements ${name} 55ec72 --reason '${because}'`,
    ).requiredOption('--reason <text>', 'why; kept with its steps');

  const proof = noun(program, 'proof', 'the signed record that a replacement was measured clean');
  leaf(
    proof,
    'verify <file>',
    'check signature and claims; exit 0 when it holds, 3 when not',
    async () => (await import('./commands/proof.ts')).verify,
    'proof verify proof.json',
    'proof verify proof.json --pub server.pub --revocations revocations.json',
  )
    .option('--pub <file>', 'the public key of the server that signed it; without it the server is asked')
    .option('--revocations <file>', 'what `proof revocations --json` printed; without --pub the server is asked');
  leaf(
    proof,
    'revocations',
    'proofs that hold no more, because the drift came back within a day',
    async () => (await import('./commands/proof.ts')).revocations,
    'proof revocations --json > revocations.json',
  );
}
