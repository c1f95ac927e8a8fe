#!/usr/bin/env node
// Plain JavaScript that any Node can parse, so that an old one gets a sentence and not a stack trace.
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `pristine needs Node 24 or newer; this is ${process.version}. The checkout brings one: node_modules/.bin/node`,
  );
  process.exitCode = 2;
} else {
  // No compile cache: its default place is a guessable folder in /tmp that anybody may make first, and whoever looks at
  // a tree must not write into it.
  import('./clean-environment.ts').then(({ cleanEnvironment }) => {
    cleanEnvironment();
    return import('./main.ts');
  });
}
