/** Words that name a secret wherever they stand in a key: `DB_PASSWORD_OLD`. Plurals and numbers behind them count too. */
const secretWords = new Set(
  [
    'password passwd passwort passphrase passcode pass pwd pw psk secret token bearer',
    'credential cred apikey authorization auth cookie private otp',
  ]
    .join(' ')
    .split(' '),
);

/** A key is a secret one when such a word stands before it: `api_key`, `PresharedKey`. */
const secretKeys = new Set(
  [
    'api access secret private encryption encrypt decryption signing sign auth shared preshared session master',
    'account storage client service license app deploy hmac jwt wep wpa cipher crypto vault webhook fastopen',
  ]
    .join(' ')
    .split(' '),
);

/** Words written as one: `dbpassword`, `requirepass`, `bindpw`. */
const secretEnds =
  /(?:password|passwd|passphrase|pass|pw|secret|token|apikey|accesskey|secretkey|privatekey|authkey|credential)$/;

/** What a key is about when it ends in one of these is not the secret: `PASS_MAX_DAYS`, `PasswordAuthentication`, `token_url`. */
const neutralEnds = new Set(
  [
    'file path dir directory url uri endpoint day age len length minlen maxlen min max timeout ttl lifetime expiry expire',
    'expiration interval type method policy algorithm mode authentication enabled enable disable disabled required',
    'requisite allowed attempt trie try retrie retry count size limit name prompt command cmd helper provider store',
    'source format version environment dictionary history quality warn tool service socket owner group scope issuer',
    'audience log level agent charset round complexity change reset hint check module class rule user info security exec',
    'alg algo message life',
  ]
    .join(' ')
    .split(' '),
);

/** What `LoadCredential=` is told is the name of one. */
const namesOnly = new Set(['load', 'import', 'condition', 'assert']);

const keyCharsMax = 256;
/** Most keys are none, and this is quick to say so. */
export const keyHints = /pass|pw|psk|secret|token|bearer|cred|key|auth|cookie|private|otp/i;

/** Whether a key sounds as if its value were a secret. `named`: only if that is the very thing it names. */
export function soundsSecret(key: string, named = false): boolean {
  const end = key.slice(-keyCharsMax);
  if (!keyHints.test(end)) return false;
  const words = wordsOf(end);
  const last = words.at(-1);
  if (last === undefined || (neutralEnds.has(last) && words.length > 1)) return false;
  if (words.length > 1 && namesOnly.has(words[0]!) && words[1] === 'credential') return false;
  const isSecret = (word: string, at: number) =>
    secretWords.has(word) ||
    secretEnds.test(word) ||
    word.startsWith('password') ||
    word.startsWith('passwd') ||
    (word === 'key' && at > 0 && secretKeys.has(words[at - 1]!));
  // `private` alone says who may look, as in PrivateTmp=.
  const counts = (word: string, at: number) => isSecret(word, at) && (word !== 'private' || words.length === 1);
  return named ? counts(last, words.length - 1) : words.some(counts);
}

function wordsOf(key: string): readonly string[] {
  return key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/[0-9]{1,4}$/, '').replace(/(?<=[a-z][^s])s$/, ''))
    .filter((word) => word !== '');
}
