import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bake } from '../support/pristine-cli.ts';
import { type Scratch, scratch } from '../support/scratch.ts';

describe('rules in a bake configuration', { timeout: 120_000 }, () => {
  let place: Scratch;

  beforeAll(() => {
    place = scratch();
  });
  afterAll(() => place?.remove());

  const refused: Record<string, string> = {
    'that ignore without a reason': 'rules: [{match: /srv/**, as: ignored}]',
    'that ignore with an empty reason': 'rules: [{match: /srv/**, as: ignored, reason: ""}]',
    'that override without a reason': 'rules: [{match: /srv/**, as: immutable, override: setuid}]',
    'that override a guard that there is not': 'rules: [{match: /a, as: immutable, override: all, reason: x}]',
    'with a relative pattern': 'rules: [{match: srv/**, as: ephemeral}]',
    'with a negation': 'rules: [{match: "!/srv/**", as: ephemeral}]',
    'with braces': 'rules: [{match: "/srv/{a,b}", as: ephemeral}]',
    'with ** within a segment': 'rules: [{match: "/srv/a**", as: ephemeral}]',
    'with an open bracket': 'rules: [{match: "/srv/[a", as: ephemeral}]',
    'with an unknown key': 'rules: [{match: /srv/**, as: ephemeral, until: tomorrow}]',
    'beside an unknown key': 'rules: []\nguards: none',
    'with an unknown profile': 'rules: []\nprofile: none',
    'that are foreign without a reason': 'rules: [{match: /srv/**, as: foreign}]',
    'that expect where nothing boots': 'rules: [{match: /srv/**, as: ephemeral, expect: {users: [a]}}]',
    'that expect what is no fingerprint': 'rules: [{match: /a, as: set-at-boot, expect: {keys: [AAAA]}}]',
    'that accept what is no digest': 'rules: [{match: /a, as: immutable, accept: [latest]}]',
    'with an unknown treatment': 'rules: [{match: /srv/**, as: whatever}]',
    'with an unknown severity': 'rules: [{match: /srv/**, as: immutable, severity: severe}]',
    'without a pattern': 'rules: [{as: ephemeral}]',
    'that match nothing': 'rules: [{match: [], as: ephemeral}]',
    'that are no list': 'rules: nothing',
    'that are no YAML': 'rules: [',
    'with a key twice': 'rules: []\nrules: []',
  };
  it.each(Object.entries(refused))('%s are refused with exit 2', async (_what, text) => {
    const config = join(place.dir, 'refused.yaml');
    writeFileSync(config, text);
    const out = join(place.dir, 'refused');

    const run = await bake({ root: place.folder('refused-root'), out, config });

    expect(run.code).toBe(2);
    expect(existsSync(out)).toBe(false);
    expect(run.stderr).not.toBe('');
    expect(run.stderr).not.toMatch(/\n\s+at /);
  });
});
