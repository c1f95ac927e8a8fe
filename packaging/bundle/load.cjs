// Runs the files of the bundle with the code that V8 made of them when it was bundled: `<file>.code` beside each, so that a
// sweep does not compile them anew. V8 itself refuses what another version of it made, and compiles. Nothing is ever
// written here: whoever looks at a tree must not change it, so Node's own compile cache will not do.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

/** By file name, as far as they have been asked for. */
const modules = new Map();

function load(name) {
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  modules.set(name, module);
  const filename = join(__dirname, name);
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, 'utf8')}\n})`;
  const script = new Script(source, { filename: name, cachedData: codeOf(filename) });
  script.runInThisContext().call(module.exports, module.exports, requireFrom, module, filename, __dirname);
  return module.exports;
}

function codeOf(filename) {
  try {
    return readFileSync(`${filename}.code`);
  } catch {
    // Not every file has some.
    return undefined;
  }
}

function requireFrom(id) {
  return id.startsWith('./') ? load(id.slice(2)) : require(id);
}

exports.load = load;
