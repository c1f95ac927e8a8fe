import { sha256Hex } from '../../shared/digest.ts';
import type { Finding } from '../../shared/finding.ts';
import { gravestFirst } from '../../shared/severity.ts';
import type { InstanceDrift } from './snapshot.ts';

const [charsMax, headChars, hashChars] = [200, 150, 16];
/** Of one replacement, those of the gravest drifts. */
const shapesMax = 20;

/** What is alike about drifts whose contents differ: what was done to which name. Bounded, and readable where names are short. */
export function shapeOf({ change, subject, name }: Pick<Finding, 'change' | 'subject' | 'name'>): string {
  const whole = `${change} ${subject} ${name}`;
  return whole.length <= charsMax ? whole : `${whole.slice(0, headChars)}… ${sha256Hex(whole).slice(0, hashChars)}`;
}

/** What a shape is about: a relabel is of files. */
export function subjectOf(shape: string): string {
  const [change, subject = ''] = shape.split(' ');
  return change === 'relabel' ? 'file' : subject;
}

export function shapesOf(drifts: readonly InstanceDrift[]): readonly string[] {
  return [...new Set(drifts.toSorted(gravestFirst).map(({ shape }) => shape))].slice(0, shapesMax);
}
