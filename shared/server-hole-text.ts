import type { Hole } from './coverage.ts';

/** What the server itself holds against an instance, and what to do about it. */
export function serverHoleText({ reason, name }: Pick<Hole, 'reason' | 'name'>): string {
  switch (reason) {
    case 'unknown-image':
      return `unknown image: nobody has said which image ${name} is; link it (\`pristinectl images link\`) or push it`;
    case 'other-image':
      return `other image: its agent compares with ${name}`;
    case 'other-rules':
      return `other rules: its agent judges by ${name}, which are not in force`;
    case 'seen-outside':
      return `seen from outside: ${name} is not as baked, and its agent did not tell; look again (\`pristinectl instances look\`)`;
    default:
      return `${reason}: ${name}`;
  }
}
