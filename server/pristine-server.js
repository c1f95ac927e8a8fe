#!/usr/bin/env node
// Plain JavaScript that any Node can parse, so that an old one gets a sentence and not a stack trace.
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    'pristine-server needs Node 24 or newer; this is ' +
      process.version +
      '. The checkout brings one: node_modules/.bin/node',
  );
  process.exitCode = 2;
} else {
  import('./main.ts').then((entry) => entry.main(process.argv));
}
