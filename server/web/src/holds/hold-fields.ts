import type { Field } from '../parts/act.tsx';

/** A hold on less than everything always ends by itself. */
export const forField: Field = {
  name: 'for',
  label: 'For how long',
  hint: 'Such as 2h or 3d; at most 90d.',
  initial: '2h',
};
