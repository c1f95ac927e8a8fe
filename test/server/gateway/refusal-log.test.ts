import { expect, it } from 'vitest';
import { createRefusalLog } from '../../../server/gateway/refusal-log.ts';

it('says who was refused, and of thousands in a second how many they were', () => {
  const said: unknown[] = [];
  let now = 0;
  const refused = createRefusalLog({ warn: (fields: unknown) => void said.push(fields) }, () => now);

  for (let n = 1; n <= 5_000; n++) refused({ n });
  now = 1_000;
  refused({ n: 'the next' });

  expect(said).toHaveLength(101);
  expect(said.slice(0, 2)).toEqual([{ n: 1 }, { n: 2 }]);
  expect(said.at(-1)).toEqual({ n: 'the next', unsaid: 4_900 });
});
