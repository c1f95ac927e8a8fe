/** Why it is not sure which machine an instance is. Set by the server alone. */
export const doubtKinds = ['cloned-identity', 'claimed-twice', 'key-revoked'] as const;
export type DoubtKind = (typeof doubtKinds)[number];

/** For a person. */
export const doubtWords: Readonly<Record<DoubtKind, string>> = {
  'cloned-identity': 'its key was in use on two live connections at once, so that one of them is a copy',
  'claimed-twice': 'two keys claim to be this machine',
  'key-revoked': 'its key was revoked',
};

/** In a table. */
export const doubtNames: Readonly<Record<DoubtKind, string>> = {
  'cloned-identity': 'cloned key',
  'claimed-twice': 'claimed twice',
  'key-revoked': 'key revoked',
};

/** What ends it, by `pristinectl instances`. */
export const doubtAdvice: Readonly<Record<DoubtKind, string>> = {
  'cloned-identity': 'stop the copy, then `rotate-key` and `trust` it, or `revoke-key` and `retire` it',
  'claimed-twice': 'look at the machine, then `accept` the one that it is',
  'key-revoked': '`retire` it; its machine may enrol anew, with another key',
};
