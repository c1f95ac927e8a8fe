import { sign } from 'node:crypto';
import type { AwsCredential } from '../../../shared/enrolment.ts';
import { CloseCode } from '../../../shared/protocol.ts';
import { anInstanceId, someClouds, timeOf } from '../clouds.ts';
import { anAgentKey, sayHello } from '../scripted-agent.ts';
import { by, hourMs, letGo, odd, type Refusal, type RefusalWorld } from './world.ts';

const { badMessage, unauthorized } = CloseCode;

/** Instance identity documents that nobody is let in with. */
export const awsRefusals = (world: RefusalWorld): readonly Refusal[] => [
  {
    what: 'an altered document',
    hello() {
      const { document, ...rest } = world.clouds.aws();
      return by({ ...rest, document: document.replace('123456789012', '210987654321') });
    },
    ...{ code: unauthorized, reason: /no certificate/ },
  },
  {
    what: 'a document with a space more',
    hello() {
      const { document, ...rest } = world.clouds.aws();
      return by({ ...rest, document: `${document} ` });
    },
    ...{ code: unauthorized, reason: /no certificate/ },
  },
  {
    what: 'the signature of another document',
    hello: () => by({ ...world.clouds.aws(), signature: world.clouds.aws().signature }),
    ...{ code: unauthorized, reason: /no certificate/ },
  },
  {
    what: 'a document signed by anybody',
    hello: () => by(world.clouds.aws({}, someClouds().certificate)),
    ...{ code: unauthorized, reason: /no certificate/ },
  },
  {
    what: 'a document signed by an expired certificate',
    hello: () => by(world.clouds.aws({}, world.clouds.expired)),
    ...{ code: unauthorized, reason: /valid now/ },
  },
  {
    what: 'a signature that is none',
    hello: () => by({ ...world.clouds.aws(), signature: 'AAAA' }),
    ...{ code: unauthorized, reason: /no certificate/ },
  },
  {
    what: 'another account',
    hello: () => by(world.clouds.aws({ accountId: '999999999999' })),
    ...{ code: unauthorized, reason: /account 999999999999/ },
  },
  {
    what: 'another region',
    hello: () => by(world.clouds.aws({ region: 'ap-south-1' })),
    ...{ code: unauthorized, reason: /region ap-south-1/ },
  },
  {
    what: 'a document that is too old',
    hello: () => by(world.clouds.aws({ pendingTime: timeOf(Date.now() - 20 * 60_000) })),
    ...{ code: unauthorized, reason: /more than 10m ago/ },
  },
  {
    what: 'a document of the future',
    hello: () => by(world.clouds.aws({ pendingTime: timeOf(Date.now() + hourMs) })),
    ...{ code: unauthorized, reason: /future/ },
  },
  {
    what: 'a signed text that is no document',
    hello: () => by(signed(world, 'not JSON')),
    ...{ code: unauthorized, reason: /in JSON/ },
  },
  {
    what: 'a document without an instance',
    hello: () => by(world.clouds.aws({ instanceId: undefined })),
    ...{ code: unauthorized, reason: /instanceId/ },
  },
  {
    what: 'an instance id that is a path',
    hello: () => by(world.clouds.aws({ instanceId: 'i-../../etc/passwd' })),
    ...{ code: unauthorized, reason: /instanceId/ },
  },
  {
    what: 'an account that is a number',
    hello: () => by(world.clouds.aws({ accountId: 123_456_789_012 })),
    ...{ code: unauthorized, reason: /accountId/ },
  },
  {
    what: 'a document that no group is for',
    hello: () => by(world.clouds.aws({ region: 'us-east-1' })),
    ...{ code: unauthorized, reason: /no group/ },
  },
  {
    what: 'a document for a group that nobody declared',
    hello: () => by(world.clouds.aws({ region: 'us-east-1', accountId: '210987654321' })),
    ...{ code: unauthorized, reason: /no group undeclared/ },
  },
  {
    what: 'an instance that was stopped and let go',
    hello: () => letGo(world, world.clouds.aws()),
    ...{ code: unauthorized, reason: /is retired/ },
  },
  {
    what: 'a replay by a third key',
    async hello() {
      const enrolment = world.clouds.aws({ instanceId: anInstanceId() });
      await sayHello(world.house.url, anAgentKey(), { enrolment });
      await sayHello(world.house.url, anAgentKey(), { enrolment });
      return { enrolment };
    },
    ...{ code: unauthorized, reason: /claimed twice/ },
  },
  {
    what: 'a document with a NUL',
    hello: () => odd({ ...world.clouds.aws(), document: '{"a":"\0"}' }),
    ...{ code: badMessage, reason: /enrolment/ },
  },
  {
    what: 'a huge document',
    hello: () => odd({ ...world.clouds.aws(), document: ' '.repeat(16_385) }),
    ...{ code: badMessage, reason: /enrolment/ },
  },
  {
    what: 'a signature that is not base64',
    hello: () => odd({ ...world.clouds.aws(), signature: '<>' }),
    ...{ code: badMessage, reason: /enrolment/ },
  },
  {
    what: 'a document, where no cloud may vouch',
    at: () => world.tokens,
    hello: () => by(world.clouds.aws()),
    ...{ code: unauthorized, reason: /enrolment\.aws/ },
  },
];

function signed({ clouds }: RefusalWorld, document: string): AwsCredential {
  const signature = sign('RSA-SHA256', Buffer.from(document), clouds.certificate.key).toString('base64');
  return { by: 'aws', document, signature };
}
