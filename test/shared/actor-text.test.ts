import { describe, expect, it } from 'vitest';
import { Actor, actorsMax, boundActor } from '../../shared/actor.ts';
import { moreChanges, parentPieces, whoPieces, whoSentence } from '../../shared/actor-text.ts';
import { Finding } from '../../shared/finding.ts';
import { aFinding, anActor } from '../support/builders.ts';

const nobody = { ...{ program: null, command: null, uid: null, loginUid: null }, session: null, unit: null };
const sentence = (overrides: Parameters<typeof anActor>[0]) => whoSentence({ actors: [anActor(overrides)] });
const textOf = (pieces: ReturnType<typeof whoPieces>) => pieces.map(({ text }) => text).join('');

describe('who changed something, in a line', () => {
  it.each<[string, Parameters<typeof anActor>[0], string]>([
    [
      'became root',
      {},
      '/usr/bin/vim.basic (pid 4711) as root, logged in as uid 1000, session 42, in session-42.scope',
    ],
    [
      'logged in as whoever they are',
      { uid: 1_000 },
      '/usr/bin/vim.basic (pid 4711) as uid 1000, session 42, in session-42.scope',
    ],
    [
      'is a service in a container',
      { loginUid: null, session: null, unit: 'docker.service', container: 'ab'.repeat(32) },
      '/usr/bin/vim.basic (pid 4711) as root, in docker.service, in container abababababab',
    ],
    ['had ended', nobody, 'process 4711, gone before it was looked at,'],
    ['nobody named', { ...nobody, pid: 0 }, 'a process that the kernel did not name'],
  ])('names one that %s', (_, overrides, expected) => {
    expect(sentence(overrides)).toBe(`by ${expected}`);
  });

  it('counts the others and the changes', () => {
    const actors = [anActor(nobody), anActor(), anActor()];

    expect(whoSentence({ actors, changes: 3 })).toMatch(/, and 2 others$/);
    expect(whoSentence({ actors: actors.slice(1), changes: 9 })).toMatch(/, and 1 other, 9 changes$/);
  });

  it('is not there where nobody is known, however often it changed', () => {
    expect(whoSentence({ changes: 3 })).toBeUndefined();
    expect(whoSentence({ actors: [] })).toBeUndefined();
  });

  it.each(['/usr/bin/apt (pid 1) as root', '/usr/bin/apt\u00a0as\u2800root', '/tmp/"x", in ssh.service', ''])(
    'quotes %j, which could read as our own words',
    (program) => {
      expect(sentence({ program })).toContain(`by ${JSON.stringify(program)} (pid 4711) as root`);
    },
  );

  it('shows beginning and end of a path that nobody reads at a glance', () => {
    const long = sentence({ program: `/usr/bin/${'x'.repeat(10_000)}/sh` })!;

    expect(long).toMatch(/^by "\/usr\/bin\/x+…x+\/sh" \(pid/);
    expect(long.length).toBeLessThan(300);
  });
});

describe('the pieces of the sentence', () => {
  it('tell what an agent said from our own words', () => {
    const told = [...whoPieces(anActor({ container: 'c1' })), ...parentPieces(anActor())].filter(
      ({ isTold }) => isTold,
    );

    expect(told.map(({ text }) => text)).toEqual([
      ...['/usr/bin/vim.basic', 'session-42.scope', 'c1'],
      ...['/usr/bin/bash', '/usr/bin/sudo', '/usr/sbin/sshd'],
    ]);
  });

  it('name a parent that was gone by its number', () => {
    const parents = [
      { pid: 7, program: null },
      { pid: 1, program: '/sbin/init' },
    ];

    expect(textOf(parentPieces(anActor({ parents })))).toBe('process 7 ← /sbin/init');
    expect(parentPieces(anActor({ parents: [] }))).toEqual([]);
  });
});

it('of five changes by two who are shown, three are more; a count that was lost is none', () => {
  expect(moreChanges({ actors: [anActor(), anActor()], changes: 5 })).toBe(3);
  expect(moreChanges({ actors: [anActor(), anActor()], changes: 1 })).toBe(0);
  expect(moreChanges({ actors: [anActor()] })).toBe(0);
});

it.each<[string, object]>([
  ['more actors than are kept', { actors: Array.from({ length: actorsMax + 1 }, () => anActor()) }],
  ['a longer chain of parents', { actors: [anActor({ parents: Array(9).fill({ pid: 1, program: null }) })] }],
  ['a longer path', { actors: [anActor({ program: 'x'.repeat(16_385) })] }],
  ['a longer command', { actors: [anActor({ command: 'x'.repeat(1_025) })] }],
  ['a longer unit', { actors: [anActor({ unit: 'x'.repeat(257) })] }],
  ['a longer container', { actors: [anActor({ container: 'x'.repeat(129) })] }],
  ['a uid below zero', { actors: [anActor({ uid: -1 })] }],
  ['something else of an actor', { actors: [{ ...anActor(), cwd: '/' }] }],
])('a finding with %s is one of which nobody knows who did it', (_, overrides) => {
  expect(Finding.parse({ ...aFinding(), actors: [anActor()] }).actors).toHaveLength(1);
  expect(Finding.parse({ ...aFinding(), ...overrides }).actors).toBeUndefined();
});

it.each([0, 1.5, 2 ** 31])('a finding with %s changes is no finding', (changes) => {
  expect(Finding.safeParse({ ...aFinding(), changes: 2 }).success).toBe(true);
  expect(Finding.safeParse({ ...aFinding(), changes }).success).toBe(false);
});

it('what is longer than an actor may say is cut, with a mark', () => {
  const long = 'x'.repeat(2_000);
  const parents = Array.from({ length: 9 }, () => ({ pid: 1, program: long }));

  const actor = boundActor(anActor({ program: long, command: long, unit: long, container: long, parents }));

  expect(Actor.parse(actor)).toEqual(actor);
  expect([actor.program?.length, actor.container?.at(-1), actor.parents.length]).toEqual([1_024, '…', 8]);
});
