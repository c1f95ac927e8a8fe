import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { rulesExample } from '../../../agent/commands/rules-example.ts';
import { openLint } from '../../../agent/rules/lint.ts';
import { profileNamed } from '../../../shared/profile.ts';
import { BakeConfig, treatments } from '../../../shared/rules.ts';

describe('the pristine.yaml that help shows', () => {
  const config = BakeConfig.parse(parse(rulesExample));

  it('has every key there is, and every treatment', () => {
    expect(Object.keys(config).toSorted()).toEqual(Object.keys(BakeConfig.shape).toSorted());
    expect(new Set(config.rules.map((rule) => rule.as))).toEqual(new Set(treatments));
  });

  it('has nothing to mend', () => {
    expect(openLint(config.rules, profileNamed(config.profile)).remarks()).toEqual([]);
  });

  it('fits a terminal', () => {
    expect(Math.max(...rulesExample.split('\n').map((line) => line.length))).toBeLessThanOrEqual(98);
  });
});
