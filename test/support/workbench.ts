import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Keys, keygen } from './pristine-cli.ts';
import { type Scratch, scratch } from './scratch.ts';

/** A folder with a key to sign with, for the tests of one `describe`: made before them, taken away after. */
export function aWorkbench(): { readonly place: Scratch; readonly keys: Keys } {
  let made: Scratch | undefined;
  const place = () => {
    if (made === undefined) throw new Error('the workbench is there once the tests run');
    return made;
  };
  const prefix = () => join(place().dir, 'k');
  beforeAll(async () => {
    made = scratch();
    await keygen(prefix());
  }, 60_000);
  afterAll(() => made?.remove());
  return {
    place: {
      get dir() {
        return place().dir;
      },
      folder: (name) => place().folder(name),
      mount: (args, target) => place().mount(args, target),
      overlay: (base, name) => place().overlay(base, name),
      unmount: (target) => place().unmount(target),
      remove: () => place().remove(),
    },
    keys: {
      get key() {
        return `${prefix()}.key`;
      },
      get pub() {
        return `${prefix()}.pub`;
      },
    },
  };
}
