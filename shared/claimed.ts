/** What an agent claims about itself is shown under this and decides nothing; nobody else may write such a label. */
export const claimedPrefix = 'self.';
