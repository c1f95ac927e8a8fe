import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { houseDir } from '../support/house.ts';

/**
 * Whether the simulator sees that a guard is gone: each is taken out of a copy of the house, and a seed must fail there.
 * `node test/simulator/guards.ts`, with `--seeds N` for how many may be needed and `--only WORD`.
 */

interface Guard {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const planner = 'server/replace/planner.ts';
const blockers = 'server/replace/blockers.ts';
const controller = 'server/replace/controller.ts';
const candidates = 'server/replace/candidates.ts';
const rollouts = 'server/replace/rollouts.ts';
const ledger = 'server/replace/ledger.ts';
const replacement = 'server/replace/replacement.ts';
const leadership = 'server/replace/leadership.ts';
const world = 'server/replace/world.ts';
const exemptions = 'server/fleet/exemptions.ts';
const evidence = 'server/replace/evidence.ts';
const approvals = 'server/replace/approvals.ts';

const guards: readonly Guard[] = [
  { name: 'a policy that observes', file: blockers, from: "policy.mode !== 'enforce'", to: 'false' },
  { name: 'holds', file: planner, from: '...why.ofHolds(candidate, holds),', to: '' },
  {
    name: 'holds on the way',
    file: replacement,
    from: 'const held = stepWhileHeld(replacement, world);',
    to: 'const held = undefined as Step | undefined;',
  },
  { name: 'approvals', file: approvals, from: 'if (given >= rule.count) return [];', to: 'return [];' },
  { name: 'approvals on the way', file: world, from: 'if (unapproved !== undefined) return unapproved;', to: '' },
  { name: 'the breaker', file: blockers, from: 'if (cause !== undefined) blockers', to: 'if (false) blockers' },
  { name: 'drift that is alike', file: planner, from: ' ?? alikeCause(group, size, now)', to: '' },
  { name: 'windows', file: blockers, from: 'return closed === undefined ?', to: 'return true ?' },
  { name: 'doubts', file: blockers, from: 'if (instance.isInDoubt)', to: 'if (false)' },
  {
    name: 'what is exempted beside what is not',
    file: 'server/replace/snapshot.ts',
    from: '.where(({ not }) => not(isExempt))',
    to: '',
  },
  {
    name: 'the taint of what is exempted',
    file: exemptions,
    from: 'begun.length === 0 ? before.taint : await taintWithout(tx, instanceId, before.taint, begun)',
    to: 'before.taint',
  },
  {
    name: 'the end of an exemption',
    file: exemptions,
    from: 'const taint = over.reduce(taintWith, left)',
    to: 'const taint = left',
  },
  {
    name: 'old news',
    file: blockers,
    from: "if (now < evidenceExpiresAt || lifecycle === 'quarantined') return [];",
    to: 'return [];',
  },
  { name: 'who is selected', file: candidates, from: 'isSelected(instance),', to: 'true,' },
  { name: 'the second witness', file: blockers, from: 'if (cause.witness === null)', to: 'if (false)' },
  {
    name: 'silence of many',
    file: blockers,
    from: 'const mass = signs.silence()(instance);',
    to: 'const mass = undefined;',
  },
  {
    name: 'many that cannot be verified',
    file: blockers,
    from: 'const mass = signs.unverifiable()(instance);',
    to: 'const mass = undefined;',
  },
  { name: 'who speaks again', file: world, from: "if (old.online) return 'it is not silent any more';", to: '' },
  { name: 'the budgets', file: ledger, from: 'if (after <= cap) continue;', to: 'continue;' },
  {
    name: 'the budget of a zone',
    file: ledger,
    from: "if (per === 'zone') return zoneKey(group.name, zone);",
    to: "if (per === 'zone') return String(Math.random());",
  },
  { name: 'the budget of the fleet', file: ledger, from: 'if (wholeAfter > open)', to: 'if (false)' },
  { name: 'canaries before the rest', file: rollouts, from: 'return first === undefined ?', to: 'return true ?' },
  { name: 'a rollout that is paused', file: rollouts, from: 'if (cause !== undefined) {', to: 'if (false) {' },
  { name: 'the rate of starts', file: ledger, from: 'recent.length >= startsOpen', to: 'false' },
  {
    name: 'objections on the way',
    file: replacement,
    from: 'const objection = objectionTo(replacement, world, now);\n  if (objection !== undefined) return rollBack',
    to: 'const objection = undefined as string | undefined;\n  if (objection !== undefined) return rollBack',
  },
  { name: 'the drain', file: replacement, from: 'if (!isDrained && !isForced) {', to: 'if (false) {' },
  { name: 'the image of a successor', file: world, from: 'made.imageDigest !== replacement.targetDigest', to: 'false' },
  { name: 'the content of a successor', file: world, from: "made.content !== 'in_sync') return", to: 'false) return' },
  {
    name: 'when a successor was scanned',
    file: world,
    from: 'Date.parse(scan.startedAt) < replacement.launchedAt',
    to: 'false',
  },
  {
    name: 'the scan after the soak',
    file: world,
    from: 'Date.parse(clean.scan.startedAt) < soakEndsAt',
    to: 'false',
  },
  {
    name: 'giving a drained machine back',
    file: replacement,
    from: 'const isDrained = old?.drainedBy === launchKeyOf(replacement.id)',
    to: 'const isDrained = false',
  },
  {
    name: 'ending what came too late',
    file: 'server/replace/remains.ts',
    from: 'marked.filter(({ id }) => failed.has(id))',
    to: '[]',
  },
  { name: 'places for evidence', file: blockers, from: 'taken < keeping.max', to: 'true' },
  { name: 'retries', file: 'server/replace/lineage.ts', from: 'last.attempt < attemptsMax', to: 'true' },
  {
    name: 'evidence in place of an end',
    file: replacement,
    from: "if (keeping === null) return move({ to: 'terminating', detail });",
    to: "if (keeping === null || true) return move({ to: 'terminating', detail });",
  },
  { name: 'the time of evidence', file: evidence, from: 'now >= expiresAt', to: 'true' },
  { name: 'evidence that nothing stands in for', file: evidence, from: 'replacementId !== null && ', to: '' },
  {
    name: 'the order of those that have no room',
    file: replacement,
    from: "if (replacement.order === 'terminate-first') {",
    to: 'if (false) {',
  },
  {
    name: 'releasing who is not replaced',
    file: 'server/replace/advance.ts',
    from: 'if (effects.release)',
    to: 'if (false)',
  },
  { name: 'the fence of what is written', file: 'server/store/fenced.ts', from: 'if (hasWritten)', to: 'if (false)' },
  {
    name: 'the lease of who calls',
    file: leadership,
    from: 'assertLeads();\n      return call',
    to: 'return call',
  },
  { name: 'the time of a lease', file: leadership, from: 'from - seen.at >= msMax', to: 'true' },
  {
    name: 'telling of a step',
    file: 'server/store/replacement-store.ts',
    from: "await appendEvent(tx, {\n    ...{ at, type: 'replacement.step'",
    to: "await (async (..._: unknown[]) => {})(tx, {\n    ...{ at, type: 'replacement.step'",
  },
  {
    name: 'limits of other policies',
    file: planner,
    from: 'const limiting = acting(group, instance, policy);',
    to: 'const limiting = [policy];',
  },
  {
    name: 'saying why',
    file: planner,
    from: 'if (blockers.length > 0 || ',
    to: 'if (blockers.length > 0) continue;\n    if (',
  },
  {
    name: 'the pause of a group that fails',
    file: 'server/replace/blockers.ts',
    from: 'if (now < until)',
    to: 'if (false)',
  },
  { name: 'the first runs of a policy', file: ledger, from: 'if (soaked < firstRunsSingly', to: 'if (false' },
  { name: 'the spread over zones', file: candidates, from: 'load(a) - load(b) || ', to: '' },
  {
    name: 'asking without doing',
    file: controller,
    from: 'return { now, groups, listing,',
    to: 'await inventory.follow(db, groups, listing);\n    return { now, groups, listing,',
  },
  { name: 'doing what was planned', file: controller, from: 'of plan.commands)', to: 'of plan.commands.slice(1))' },
  { name: 'a drain that is only said', file: replacement, from: ' && !isInService(replacement, world)', to: '' },
  {
    name: 'two machines of one launch',
    file: replacement,
    from: 'machine !== undefined && twin !== undefined',
    to: 'false',
  },
  {
    name: 'a successor that is lost',
    file: replacement,
    from: 'world.machines !== null && machine === undefined && world.new?.online !== true',
    to: 'false',
  },
];

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '200' }, only: { type: 'string', default: '' } },
});
const house = mkdtempSync(join(tmpdir(), 'pristine-guards-'));
for (const room of ['agent', 'server', 'shared', 'test', 'package.json'])
  cpSync(join(houseDir, room), join(house, room), { recursive: true });
symlinkSync(join(houseDir, 'node_modules'), join(house, 'node_modules'));
let unseen = 0;
for (const { name, file, from, to } of guards.filter((guard) => guard.name.includes(values.only))) {
  const path = join(house, file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
  writeFileSync(path, text.replaceAll(from, to));
  const run = spawnSync(process.execPath, ['test/simulator/main.ts', '--seeds', values.seeds, '--until-wrong'], {
    cwd: house,
    encoding: 'utf8',
  });
  writeFileSync(path, text);
  const first = run.stderr.split('\n').slice(0, 2).join(' ').trim();
  if (run.status === 0) unseen += 1;
  console.log(run.status === 0 ? `NOT SEEN: ${name}` : `${name}: ${first}`);
}
rmSync(house, { recursive: true, force: true });
console.log(`${guards.length} guards, ${unseen} of which nobody misses`);
process.exitCode = unseen === 0 ? 0 : 1;
