import type { Difference } from './finding.ts';
import type { LiveSubject, ProgramState } from './live.ts';

/** What a difference in what runs means, in one line: "process /tmp/x runs, which is not in the image". */
export function liveSentence({ subject, name, expected, actual }: Difference): string {
  const live = subject as LiveSubject;
  switch (live) {
    case 'environment':
      return `${name} was set for a process of our own, which could make other code run in it`;
    case 'kernel-running':
      return `kernel ${list(actual['releases'])} runs, the image has ${list(expected['releases'])}`;
    case 'listening-socket':
      return `${name} listens${actual['reach'] === 'local' ? ' on this machine only' : ''}, held by ${list(actual['programs']) || 'no program that is seen'}, which the rules do not declare`;
    case 'loaded-library':
      return `library ${name} is in a process of our own, ${actual['state'] === 'deleted' ? 'and its file was deleted' : 'and is not in the image'}`;
    case 'loaded-module': {
      const taints = actual['taints'] === undefined ? '' : ` (taints ${list(actual['taints'])})`;
      return `module ${name} is loaded, which is not in the image${taints}`;
    }
    case 'process':
      return `process ${name} runs, ${processText(actual['state'])}`;
    default:
      return live satisfies never;
  }
}

function processText(state: unknown): string {
  switch (state as ProgramState) {
    case 'not-baked':
      return 'which is not in the image';
    case 'changed':
      return 'and its file is not as it was baked';
    case 'replaced':
      return 'and another file is in its place now';
    case 'hidden':
      return 'from a file that is out of sight';
    case 'deleted':
      return 'and its file was deleted';
    case 'memfd':
      return 'from memory, without a file';
    default:
      return `${state}`;
  }
}

function list(value: unknown): string {
  if (!Array.isArray(value)) return value === undefined ? 'none' : String(value);
  return value.length > 4 ? `${value.slice(0, 4).join(', ')}, ${value.length - 4} more` : value.join(', ');
}
