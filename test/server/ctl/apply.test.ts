import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDirectory } from '../../support/database.ts';
import { aServer, ctlEntry, runCtl, runEntry } from '../../support/server-process.ts';

let server: Awaited<ReturnType<typeof aServer>>;
const file = join(aDirectory(), 'fleet.yaml');

beforeAll(async () => {
  server = await aServer();
});
afterAll(() => server.stop());

const group = (name: string, stateless = true) => `# a fleet
kind: Group
name: ${name}
provider:
  type: local
  directory: /tmp/none
  images: {}
stateless: ${stateless}
`;
const policy = (name: string, more = '') => `kind: Policy
name: ${name}
select: {group: ${name}}
${more}`;

async function apply(text: string, ...more: string[]) {
  writeFileSync(file, text);
  return runCtl(server, 'apply', '-f', file, ...more);
}

describe('apply -f', () => {
  it('declares each document of a file, and the second time nothing', async () => {
    const text = `${group('one')}---\n${policy('one', 'mode: enforce')}`;

    const first = await apply(text);
    const second = await apply(text, '--json');

    expect([first.code, first.stdout]).toEqual([
      0,
      'Group one: created (version 1)\nPolicy one: created (version 1)\n',
    ]);
    expect(JSON.parse(second.stdout)).toEqual([
      { kind: 'Group', name: 'one', version: 1, result: 'unchanged', warnings: [] },
      {
        ...{ kind: 'Policy', name: 'one', version: 1, result: 'unchanged' },
        warnings: [expect.objectContaining({ code: 'never-matches' })],
      },
    ]);
    expect(first.stderr).toContain('it has no trigger');
  });

  it('reads standard input, and JSON as the YAML it is', async () => {
    const input = JSON.stringify({ kind: 'Policy', name: 'stdin', select: {} });
    const env = { PRISTINE_SERVER: server.url, PRISTINE_TOKEN: server.token };

    const { code, stdout } = await runEntry(ctlEntry, ['apply', '-f', '-'], { env, input });

    expect([code, stdout]).toEqual([0, 'Policy stdin: created (version 1)\n']);
  });

  it.each([
    [
      'one deep inside',
      policy('bad', 'triggers:\n  - outdated: true\n  - drift: {severty: low}'),
      15,
      'CONFIG',
      '`severty`',
    ],
    ['a misspelt field', policy('bad', '\nmdoe: observe'), 14, 'CONFIG', '`mdoe`'],
    ['a value', policy('bad', 'mode: kill'), 13, 'CONFIG', '/mode'],
    ['a missing field', 'kind: Policy\nname: bad', 10, 'CONFIG', '/select'],
    ['a duplicate key', policy('bad', 'name: twice'), 13, 'CONFIG', 'unique'],
    ['broken YAML', policy('bad', 'mode: [1'), 14, 'CONFIG', 'fleet.yaml'],
    ['a list', '- 1', 10, 'CONFIG', ''],
    ['a word', 'word', 10, 'CONFIG', 'expected keys and values'],
  ])('refuses %s with file and line, and sends nothing', async (_what, second, line, code, word) => {
    const answer = await apply(`${group('never')}---\n${second}\n`);

    expect([answer.code, answer.stdout]).toEqual([2, '']);
    expect(answer.stderr).toContain(`fleet.yaml:${line}:`);
    expect(answer.stderr).toContain(`(${code})`);
    expect(answer.stderr).toContain(word);
    expect((await runCtl(server, 'groups', 'get', 'never')).code).toBe(2);
  });

  it('names every slip at once', async () => {
    const { stderr } = await apply(`${policy('bad', 'mode: kill\nwindow: 1')}`);

    expect(stderr).toContain('fleet.yaml:4:');
    expect(stderr).toContain('fleet.yaml:5:');
  });

  it('says which document the server refused, and what was done before it', async () => {
    const { code, stdout, stderr } = await apply(
      `${group('stateful', false)}---\n${policy('stateful', 'mode: enforce')}`,
    );

    expect([code, stdout]).toEqual([2, 'Group stateful: created (version 1)\n']);
    expect(stderr).toContain('fleet.yaml:10:');
    expect(stderr).toContain('(CONFLICT)');
  });

  it.each(['', '# nothing\n', '---\n---\n'])('refuses a file that declares nothing: %j', async (text) => {
    expect(await apply(text)).toMatchObject({ code: 2, stderr: expect.stringContaining('got nothing') });
  });

  it('refuses a file that it cannot read, or that is not text', async () => {
    const missing = await runCtl(server, 'apply', '-f', `${file}.missing`);
    writeFileSync(file, Buffer.from([0x6b, 0xff, 0xfe]));
    const binary = await runCtl(server, 'apply', '-f', file);

    expect([missing.code, binary.code]).toEqual([2, 2]);
  });

  it('refuses a bomb of aliases', async () => {
    const lines = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (const [one, two] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh'])
      lines.push(`${two}: &${two} [${`*${one},`.repeat(9)}]`);

    const { code, stderr } = await apply(lines.join('\n'));

    expect(code).toBe(2);
    expect(stderr.length).toBeLessThan(10_000);
  });
});
