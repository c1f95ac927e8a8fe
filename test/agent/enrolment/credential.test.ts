import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentConfig } from '../../../agent/config.ts';
import { readCredential } from '../../../agent/enrolment/credential.ts';
import type { Clock } from '../../../shared/clock.ts';
import { aDirectory } from '../../support/database.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { aMetadataService, type MetadataService } from '../../support/metadata-service.ts';
import { until } from '../../support/until.ts';

const logged: string[] = [];
const log = pino({}, { write: (line: string) => void logged.push(line) });
const read = (settings: object, clock: Clock = createFakeClock()) =>
  readCredential(AgentConfig.parse({ server: 'ws://127.0.0.1:9', ...settings }), { clock, log });

beforeEach(() => {
  logged.length = 0;
});

describe('a credential in a file', () => {
  const path = join(aDirectory(), 'token');

  it('is read anew each time', async () => {
    writeFileSync(path, 'pst_one\n');
    const first = await read({ joinTokenFile: path });
    writeFileSync(path, 'pst_two\n');

    expect([first, await read({ joinTokenFile: path })]).toEqual([
      { enrolment: { by: 'token', token: 'pst_one' } },
      { enrolment: { by: 'token', token: 'pst_two' } },
    ]);
  });

  it('may be the projected token of a pod', async () => {
    writeFileSync(path, `${'a'.repeat(1_200)}.b.c`);

    expect(await read({ enrol: 'kubernetes', kubernetesTokenFile: path })).toMatchObject({
      enrolment: { by: 'kubernetes' },
    });
  });

  it.each([
    ['is not there', () => join(aDirectory(), 'none')],
    [
      'is huge',
      () => {
        writeFileSync(path, 'secret'.repeat(10_000));
        return path;
      },
    ],
  ])('is none when the file %s, and says so without it', async (_what, file) => {
    const settings = { joinTokenFile: file() };

    expect(await read(settings)).toEqual({});
    expect(logged).toHaveLength(1);
    expect(logged[0]).not.toContain('secret');
  });

  it('is none when there is no file, or an empty one, and says nothing', async () => {
    writeFileSync(path, '\n');

    expect([await read({}), await read({ joinTokenFile: path }), logged]).toEqual([{}, {}, []]);
  });
});

describe('the metadata service', () => {
  const prefix = '/latest/dynamic/instance-identity';
  const document = '{\n  "instanceId" : "i-0123456789abcdef0"\n}';
  const signature = 'c2ln\nbmF0\ndXJl';
  const rsa2048 = 'c2ln\nbmVk';
  let service: MetadataService;
  beforeEach(async () => {
    service = await aMetadataService();
    for (const [name, text] of Object.entries({ document, signature, rsa2048 }))
      service.texts.set(`${prefix}/${name}`, text);
  });
  afterEach(() => service.close());

  const asked = (...names: readonly string[]) => [
    'PUT /latest/api/token',
    ...names.map((name) => `GET ${prefix}/${name}`),
  ];

  it('gives the document and what signs it, byte for byte, within a session', async () => {
    const { enrolment } = await read({ enrol: 'aws', awsMetadata: service.url });

    expect(enrolment).toEqual({ by: 'aws', document, rsa2048 });
    expect(service.asked).toEqual(asked('document', 'rsa2048'));
  });

  it('is asked for the shorter signature where it has no longer one', async () => {
    service.texts.delete(`${prefix}/rsa2048`);

    const { enrolment } = await read({ enrol: 'aws', awsMetadata: service.url });

    expect(enrolment).toEqual({ by: 'aws', document, signature });
    expect(service.asked).toEqual(asked('document', 'rsa2048', 'signature'));
  });

  it('is not asked for the shorter signature where it fails to give the longer one', async () => {
    const { respond } = service;
    service.respond = (request, response) =>
      request.url === `${prefix}/rsa2048` ? void response.writeHead(503).end() : respond(request, response);

    expect(await read({ enrol: 'aws', awsMetadata: service.url })).toEqual({});
    expect(service.asked).toEqual(asked('document', 'rsa2048'));
  });

  it.each<[string, MetadataService['respond']]>([
    ['knows no sessions', (_request, response) => void response.writeHead(403).end()],
    [
      'leads elsewhere',
      (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
    ],
    ['answers without end', (_request, response) => void response.writeHead(200).end('x'.repeat(20_000))],
    ['hangs up', (_request, response) => void response.destroy()],
  ])('gives nothing when it %s', async (_what, given) => {
    service.respond = given;

    expect(await read({ enrol: 'aws', awsMetadata: service.url })).toEqual({});
    expect(logged).toHaveLength(1);
  });

  it('gives nothing when its document is larger than any', async () => {
    service.texts.set(`${prefix}/document`, 'x'.repeat(20_000));

    expect(await read({ enrol: 'aws', awsMetadata: service.url })).toEqual({});
  });

  it('is waited for no longer than a hello may wait', async () => {
    const clock = createFakeClock();
    service.respond = () => undefined;

    const reading = read({ enrol: 'aws', awsMetadata: service.url }, clock);
    await until(() => service.asked.length === 1);
    clock.advance(3_000);

    expect(await reading).toEqual({});
    expect(logged[0]).toContain('no answer');
  });
});
