// Runs the files of the bundle with the code that V8 made of them when it was bundled: `<file>.code` beside each, so that a
// sweep does not compile them anew. V8 refuses what another version of it made, but takes any text of the same length and
// any damage: so the code begins with a sha256 of the text and of itself, and is used only where that holds. Nothing is
// ever written here: whoever looks at a tree must not change it, so Node's own compile cache will not do.
const { hash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const digestBytes = 32;

/** By file name, as far as they have been asked for. */
const modules = new Map();

function load(name) {
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  modules.set(name, module);
  try {
    run(name, module);
  } catch (error) {
    modules.delete(name);
    throw error;
  }
  return module.exports;
}

function run(name, module) {
  const filename = join(__dirname, name);
  const text = readFileSync(filename);
  const source = `(function (exports, require, module, __filename, __dirname) {\n${text}\n})`;
  const script = new Script(source, { filename: name, lineOffset: -1, cachedData: codeOf(filename, text) });
  script.runInThisContext().call(module.exports, module.exports, requireFrom, module, filename, __dirname);
}

function codeOf(filename, text) {
  let stored;
  try {
    stored = readFileSync(`${filename}.code`);
  } catch {
    // Not every file has some.
    return undefined;
  }
  const code = stored.subarray(digestBytes);
  return stored.subarray(0, digestBytes).equals(digestOf(text, code)) ? code : undefined;
}

function digestOf(text, code) {
  return hash('sha256', Buffer.concat([text, code]), 'buffer');
}

function requireFrom(id) {
  return id.startsWith('./') ? load(id.slice(2)) : require(id);
}

module.exports = { load, digestOf };
