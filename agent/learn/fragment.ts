import { imageRef } from '../../shared/image.ts';
import { terminalSafe } from '../../shared/name.ts';
import type { Rule } from '../../shared/rules.ts';
import type { Learnt } from './learn.ts';
import type { Left, ProposedRule } from './proposal.ts';

/** `rules:` for pristine.yaml, with what a person must know before signing as comments. The same proposal gives the same text. */
export function fragmentOf({ image, roots, rules, forAPerson, leftOver }: Learnt): string {
  return [
    ...comment(
      `Proposed from ${roots.length} booted instances of ${imageRef(image)}. Nobody has signed this: read each rule, take`,
    ),
    ...comment('out what you do not know, then put the rest at the top of the rules in pristine.yaml.'),
    rules.length === 0 ? 'rules: []' : 'rules:',
    ...rules.flatMap(ruleLines),
    ...leftLines('For a person to look at. No rule is proposed:', forAPerson),
    ...leftLines('Not on every instance, so no part of what booting does:', leftOver),
    '',
  ].join('\n');
}

function ruleLines({ rule, writer, note }: ProposedRule): string[] {
  return [
    ...(writer === undefined ? [] : comment(`writer: ${writer}`, '  ')),
    ...(note === undefined ? [] : comment(note, '  ')),
    ...itemLines(rule),
  ];
}

/** Text in JSON is text in YAML, whatever it holds. */
function itemLines({ match, expect, accept, ...rest }: Rule): string[] {
  const expected = expect && Object.fromEntries(Object.entries(expect).filter(([, names]) => names.length > 0));
  const members = [
    ...listLines('match', match),
    ...Object.entries(rest).map(([key, value]) => `${key}: ${JSON.stringify(value)}`),
    ...(accept === undefined ? [] : listLines('accept', accept)),
    ...(expected === undefined
      ? []
      : [
          'expect:',
          ...Object.entries(expected).flatMap(([key, names]) => listLines(key, names).map((line) => `  ${line}`)),
        ]),
  ];
  return members.map((line, index) => `  ${index === 0 ? '- ' : '  '}${line}`);
}

function listLines(key: string, items: readonly string[]): string[] {
  return [`${key}:`, ...items.map((item) => `  - ${JSON.stringify(item)}`)];
}

function leftLines(title: string, left: readonly Left[]): string[] {
  if (left.length === 0) return [];
  return ['', ...comment(title), ...left.flatMap((one) => comment(`  ${leftText(one)}`))];
}

export function leftText({ severity, change, subject, name, why }: Left): string {
  return `${severity} ${change} ${subject} ${name}: ${why}`;
}

/** Nothing that others named breaks out of its line. */
function comment(text: string, indent = ''): string[] {
  return [`${indent}# ${terminalSafe(text)}`];
}
