import type { HostileCase } from './hostile-cases.ts';

const frames = 'server/gateway/hostile-frames.test.ts';
const garbage = 'server/gateway/garbage.test.ts';
const gateway = 'server/gateway/gateway.test.ts';
const enrolment = 'server/gateway/enrolment.test.ts';
const doubts = 'server/gateway/doubts.test.ts';
const reports = 'server/intake/apply-report.test.ts';
const http = 'server/http/refusals.test.ts';
const images = 'server/fleet/images.test.ts';
const closed = 'answers %s with a close code, and stores nothing';
const asItStands = 'with %j in it is stored as it stands';
const ended = '%s ends the connection';
const notShown = 'with %s in what people are shown is refused';
const token = 'refuses an unknown key with %s';

/** What may come in at the server's door. Always a refusal with its code, or an answer that says what was taken. */
export const hostileIngest: readonly HostileCase[] = [
  { what: 'a frame of more than 1 MiB', shown: [garbage, closed] },
  {
    what: 'a frame in a hundred thousand fragments',
    shown: [frames, 'in a hundred thousand fragments of one byte ends the connection long before'],
  },
  { what: 'an offer of compression', shown: [garbage, 'negotiates no compression'] },
  { what: 'a frame that says it is compressed', shown: [frames, ended] },
  { what: 'a frame that is not masked', shown: [frames, ended] },
  { what: 'a frame of an unknown opcode', shown: [frames, ended] },
  { what: 'a frame of 2^63 bytes', shown: [frames, ended] },
  { what: 'a control frame in fragments', shown: [frames, ended] },
  { what: 'a close code that nobody may send', shown: [frames, ended] },
  {
    what: 'a body that unpacks to a thousand times its size',
    shown: [frames, 'with a body that says it is compressed is not unpacked'],
  },
  {
    what: 'an upgrade that comes letter by letter, or never',
    shown: [frames, '%s ends the connection, and others are served meanwhile'],
  },
  { what: 'a head of 20 KB', shown: [frames, 'of 20 KB is refused'] },
  { what: 'a token in an address', shown: [frames, 'with the token in its address is refused'] },
  { what: '200,000 nested arrays', shown: [garbage, closed] },
  { what: 'a __proto__ key', shown: [garbage, closed] },
  {
    what: 'a key that is said twice',
    shown: [frames, 'that says a key twice is what it says last, as nothing is signed over its bytes'],
  },
  { what: 'an integer past 2^53', shown: [garbage, closed] },
  { what: 'a negative number, or one past all bounds', shown: [garbage, closed] },
  { what: 'a lone surrogate in a name', shown: [garbage, closed] },
  { what: 'a NUL, a line break or an escape in what people are shown', shown: [frames, notShown] },
  { what: 'a binary frame', shown: [garbage, closed] },
  { what: 'text that is not UTF-8', shown: [garbage, 'closes with 1007 for text that is not UTF-8'] },
  { what: 'a message of an unknown type', shown: [garbage, closed] },
  { what: 'a message before the hello', shown: [garbage, 'refuses %s'] },
  { what: 'a second hello', shown: [garbage, 'refuses a second hello'] },
  { what: 'no hello at all', shown: [garbage, 'refuses whoever says nothing'] },
  {
    what: 'a report that is played again',
    shown: [frames, 'of a boot that is over changes nothing, however often it is played again'],
  },
  {
    what: 'a report with a gap before it',
    shown: [gateway, 'out of order close the connection, and say what is expected'],
  },
  { what: 'a report of a later boot than its hello said', shown: [garbage, closed] },
  {
    what: 'one key on two live sockets',
    shown: [doubts, 'puts the instance in doubt: it is not clean, whichever of the two reports'],
  },
  {
    what: 'a key that was revoked',
    shown: [doubts, 'closes the connection, and opens none any more, with a token or without'],
  },
  { what: 'a key that is retired', shown: [gateway, 'refuses its key for ever'] },
  { what: 'a report that names another instance', shown: [garbage, closed] },
  {
    what: 'a state digest that does not follow from what was reported',
    shown: [reports, 'asks for a sweep when the two ends disagree'],
  },
  {
    what: 'another image than the one enrolled for',
    shown: [reports, 'of another image opens nothing, closes nothing, and is unverifiable'],
  },
  {
    what: 'rules that are not in force',
    shown: [
      'server/intake/other-rules.test.ts',
      'are a hole when they are not in force, until a sweep by those that are',
    ],
  },
  { what: 'more findings than a part may have', shown: [garbage, closed] },
  { what: 'a fingerprint of something else', shown: [garbage, closed] },
  { what: 'a time from the future', shown: [reports, 'is not dated later than it came'] },
  { what: 'SQL, markup, templates and formulas in every text', shown: [frames, asItStands] },
  { what: 'a path in place of an id', shown: [http, 'GET %s finds nothing, and says so in the one shape'] },
  {
    what: 'a join token fifty times at once',
    shown: [enrolment, 'lets exactly one of fifty in with a single-use token'],
  },
  { what: 'a join token that is unknown, expired or used', shown: [enrolment, token] },
  {
    what: 'a signature over the nonce of another connection',
    shown: [enrolment, 'refuses a signature over the nonce of another connection'],
  },
  { what: 'the public key of another', shown: [enrolment, 'refuses a public key that another key has signed for'] },
  { what: 'a manifest that is unsigned, of a stranger, or changed after signing', shown: [images, 'refuses %s'] },
  { what: 'a payload type that was changed', shown: ['shared/dsse.test.ts', 'does not read one payload in two types'] },
  {
    what: 'one key that counts twice',
    shown: ['shared/dsse.test.ts', 'counts distinct keys, whatever they are called'],
  },
  {
    what: 'two thousand sockets that never say hello',
    shown: [garbage, 'is refused when too many are unproven, and possible again when they are gone'],
  },
  {
    what: 'a request without a token, at every address',
    shown: [http, '%s %s is answered 401, whatever else is wrong with it'],
  },
];
