import type { Command } from 'commander';
import { leaf, noun, wholeNumber } from './command.ts';

/** The commands by which people decide: who may do what, and what is not to be touched. */

interface Known {
  readonly groups: Command;
  readonly policies: Command;
  /** How people name one of many. */
  readonly instanceSaid: string;
  readonly idSaid: string;
}

export function addPeople(program: Command, { groups, policies, instanceSaid, idSaid }: Known): void {
  addHistory(groups, policies);
  addHolds(program, instanceSaid, idSaid);
  addApprovals(program, idSaid);
  addAccessTokens(program, idSaid);
  addAudit(program);
}

function addHistory(groups: Command, policies: Command): void {
  const load = () => import('./commands/versions.ts');
  const says = 'every version, newest first: who declared it and when; with --json each document';
  leaf(groups, 'history <name>', says, async () => (await load()).history('groups'), 'groups history web-prod');
  leaf(policies, 'history <name>', says, async () => (await load()).history('policies'), 'policies history web-prod');
  leaf(
    policies,
    'lint',
    'what a person should look at before the policies of a file act; nothing is applied',
    async () => (await import('./commands/lint.ts')).lint,
    'policies lint -f fleet.yaml',
  )
    .requiredOption('-f, --file <file>', 'YAML or JSON, one or more documents; - is standard input')
    .addHelpText('after', '\nIt ends with 1 where there is anything to look at.');
}

function addHolds(program: Command, instanceSaid: string, idSaid: string): void {
  const hold = noun(program, 'hold', 'replace nothing here, for a while');
  const holds = noun(program, 'holds', 'what is held, by whom and why');
  const load = () => import('./commands/holds.ts');
  const why = ['--reason <text>', 'why; shown to whoever asks why nothing happens'] as const;
  leaf(
    hold,
    'instance <instance>',
    `leave one instance alone; it is named by ${instanceSaid}`,
    async () => (await load()).place('instance'),
    "hold instance i-0a1b2c3d --for 2h --reason 'I am looking at it'",
  )
    .requiredOption(...why)
    .option('--for <duration>', 'how long, such as 2h; at most 90d');
  leaf(
    hold,
    'group <name>',
    'replace nothing in a group; what is under way and can be taken back is rolled back',
    async () => (await load()).place('group'),
    "hold group web-prod --for 3d --reason 'the migration of its database'",
  )
    .requiredOption(...why)
    .option('--for <duration>', 'how long, such as 2h; at most 90d');
  leaf(
    hold,
    'all',
    'stop everything at once: nothing starts, nothing ends, and what is under way waits as it is',
    async () => (await load()).place('all'),
    "hold all --reason 'it replaces what it should not'",
  )
    .requiredOption(...why)
    .option('--for <duration>', 'how long (default: until it is lifted)');

  leaf(holds, 'list', 'what is held now, newest first', async () => (await load()).list, 'holds list').option(
    '--all',
    'those that are over or lifted too',
  );
  leaf(
    holds,
    'lift <hold>',
    `let it go on; a hold is named by ${idSaid}`,
    async () => (await load()).lift,
    'holds lift 01a20766',
  );
}

function addApprovals(program: Command, idSaid: string): void {
  const load = () => import('./commands/approvals.ts');
  leaf(
    program,
    'approve <request>',
    `say yes to what waits for a person; a request is named by ${idSaid}`,
    async () => (await load()).approve,
    "approve 5d41402a --instances 3 --reason 'seen: the agent of the old backup'",
    "approve 5d41402a --instances 1 --for 2h --reason 'one first'",
  )
    .requiredOption('--instances <count>', 'at most so many instances are replaced by it', wholeNumber)
    .requiredOption('--reason <text>', 'why; kept with the event and in the audit')
    .option('--for <duration>', 'how long it holds (default, and at most: what the policy says)');
  const approvals = noun(program, 'approvals', 'what waits for a person, and what people have said to it');
  leaf(
    approvals,
    'list',
    'requests and who approved them, newest first',
    async () => (await load()).list,
    'approvals list --group web-prod',
  )
    .option('--group <name>', 'of this group')
    .option('--all', 'void ones too');
  leaf(
    approvals,
    'get <request>',
    'one request with all that was said to it',
    async () => (await load()).get,
    'approvals get 5d41402a',
  );
  leaf(
    approvals,
    'revoke <request>',
    'take every approval of it back; what can be taken back is rolled back',
    async () => (await load()).revoke,
    'approvals revoke 5d41402a',
  );
  leaf(
    approvals,
    'refuse <request>',
    'say no, and why; every approval of it is taken back, and whoever looks at it reads so',
    async () => (await load()).refuse,
    "approvals refuse 5d41402a --reason 'the image is wrong'",
  ).requiredOption('--reason <text>', 'why; shown with the request');
}

function addAudit(program: Command): void {
  const load = () => import('./commands/audit.ts');
  const audit = noun(program, 'audit', 'what people decided and what was done, chained by hash');
  leaf(
    audit,
    'list',
    'entries, the oldest first',
    async () => (await load()).list,
    'audit list --actor alice --json',
    'audit list --after 1200 --what approval',
  )
    .option('--after <n>', 'those after this entry', wholeNumber)
    .option('--actor <name>', 'of this person, script, or server')
    .option('--what <type>', 'of this type, or of all of a noun, such as hold');
  leaf(
    audit,
    'verify',
    'read all of it and check the chain: exit 3 where an entry was changed or is missing',
    async () => (await load()).verify,
    'audit verify',
    'audit verify --head 1200:sha256:…',
  ).option('--head <n:hash>', 'what an earlier verify printed last: what was cut off since shows too');
}

function addAccessTokens(program: Command, idSaid: string): void {
  const tokens = noun(
    program,
    'access-tokens',
    'what people and scripts call the server with, each with a name and a role',
  );
  const load = () => import('./commands/access-tokens.ts');
  leaf(
    tokens,
    'create <name>',
    'make one; it is shown once',
    async () => (await load()).create,
    'access-tokens create alice --role operator > alice.token',
    'access-tokens create ci --role operator --expires-in 90d > ci.token',
  )
    .requiredOption('--role <role>', 'viewer, operator, approver or admin; each may do all that those before it may')
    .option('--expires-in <duration>', 'such as 90d (default: until it is revoked)');
  leaf(tokens, 'list', 'access tokens, without their secrets', async () => (await load()).list, 'access-tokens list');
  leaf(
    tokens,
    'revoke <token>',
    `the next request with it is refused; a token is named by its name, ${idSaid}`,
    async () => (await load()).revoke,
    'access-tokens revoke alice',
  );
}
