/** Why it is not sure which machine an instance is. Set by the server alone. */
export const doubtKinds = ['cloned-identity', 'claimed-twice', 'key-revoked'] as const;
export type DoubtKind = (typeof doubtKinds)[number];

/** For a person. */
export const doubtWords: Readonly<Record<DoubtKind, string>> = {
  'cloned-identity': 'its key was in use on two live connections at once, so that one of them is a copy',
  'claimed-twice': 'two keys claim to be this machine',
  'key-revoked': 'its key was revoked',
};
