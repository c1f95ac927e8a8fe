import type { Hole } from './coverage.ts';

/** What the server itself holds against an instance, and what to do about it. */
export function serverHoleText({ reason, name }: Pick<Hole, 'reason' | 'name'>): string {
  switch (reason) {
    case 'contested':
      return `contested: another key claims to be ${name} too; \`pristinectl instances accept\` says which one is`;
    case 'unknown-image':
      return `unknown image: nobody has said which image ${name} is; link it (\`pristinectl images link\`) or push it`;
    case 'other-image':
      return `other image: its agent compares with ${name}`;
    default:
      return `${reason}: ${name}`;
  }
}
