import type { KeyObject } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { isPlainDirectory, openComponentPlace } from '../../shared/component.ts';
import type { Hole, HoleReason, LaidOver } from '../../shared/coverage.ts';
import { type Digest, digestOf } from '../../shared/digest.ts';
import type { Entry } from '../../shared/entry.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import type { Name } from '../../shared/name.ts';
import type { Component } from '../../shared/rules.ts';
import { hasLabels } from '../../shared/scheme.ts';
import { checkStoredDigest } from './digest.ts';
import { openCursor } from './entry-cursor.ts';
import { readEntryLines } from './entry-lines.ts';
import { layOver } from './lay-over.ts';
import { type Manifest, openManifest } from './open-manifest.ts';
import { reasonOfRefusal } from './refusal.ts';
import { isFileLine, nameIn } from './unparsed-line.ts';

/** Where the manifests of components are looked for: each in a directory of its name, or in these. */
export type ComponentSource = { readonly directory: string } | { readonly directories: readonly string[] };

/** What is compared with: the image, and over it the components that its rules declare and that are there. */
export interface Composition {
  readonly laidOver: readonly LaidOver[];
  /** Of all that is compared with, and of what was refused. */
  readonly digest: Digest;
  /** One for each component that is there and was refused. */
  readonly holes: readonly Hole[];
  /** The manifest directories of all of them. */
  readonly directories: readonly string[];
  /** Entries of all of them. */
  readonly entries: number;
  /** The lines of all as one manifest. Errors: DIGEST, ENTRIES. */
  readonly lines: () => AsyncGenerator<string[]>;
  readonly close: () => void;
}

export interface CompositionOptions {
  readonly from: ComponentSource;
  readonly keys: readonly KeyObject[];
  /** Why a component was refused, for a person. */
  readonly onRefused?: ((sentence: string) => void) | undefined;
}

/**
 * Opens the components of an image. One that is not as it should be, to the last entry, is refused as a whole and is a
 * hole: its files, if they are there, are then what they are without it. Errors: DIGEST of the image.
 */
export async function openComposition(
  image: Manifest,
  { from, keys, onRefused }: CompositionOptions = { from: { directories: [] }, keys: [] },
): Promise<Composition> {
  const { components = [] } = image.rules;
  const opened: Opened[] = [];
  const holes: Hole[] = [];
  const refuse = (name: string, error: unknown) => {
    if (!(error instanceof CodedError)) throw error;
    holes.push({ subject: 'component', name, reason: reasonOf(error) });
    onRefused?.(`component ${name}: ${sentenceOf(error)}`);
  };
  const close = () => {
    for (const { manifest } of opened) manifest.close();
  };
  let upper: Opened[];
  try {
    for (const { name, dir } of placesOf(components, from)) {
      try {
        opened.push(await openComponent(image, { dir, name, taken: opened, keys }));
      } catch (error) {
        refuse(name ?? dir, error);
      }
    }
    upper = await withoutMisplaced(image, opened, refuse);
  } catch (error) {
    close();
    throw error;
  }
  // Whatever order they were found in, the last that is declared lies on top.
  upper.sort((a, b) => components.indexOf(a.component) - components.indexOf(b.component));
  const digests = upper.map(({ manifest }) => manifest.image.digest);
  return {
    digest: digestOf(JSON.stringify([image.image.digest, digests, holes])),
    laidOver: upper.map(({ manifest }) => ({ ...manifest.image, entries: linesOf(manifest) })),
    holes,
    directories: [image, ...upper.map(({ manifest }) => manifest)].map(({ dir }) => dir),
    entries: [image, ...upper.map(({ manifest }) => manifest)].reduce((sum, one) => sum + linesOf(one), 0),
    lines: () => upper.reduce((base, { manifest }) => layOver(base, withoutRoot(manifest)), readEntryLines(image)),
    close,
  };
}

interface Opened {
  readonly manifest: Manifest;
  readonly component: Component;
  /** Directories on the way to its paths, by name; none of the root itself, whose attributes are those of a build's folder. */
  readonly above: ReadonlyMap<Name, string>;
}

function linesOf({ statement }: Manifest): number {
  return statement.predicate.entries.lines;
}

/** In the directory of all components, one that is not there is not installed; one that is named must be there. */
function placesOf(components: readonly Component[], from: ComponentSource) {
  if ('directories' in from) return from.directories.map((dir) => ({ dir, name: undefined }));
  return components
    .map(({ name }) => ({ dir: join(from.directory, name), name }))
    .filter(({ dir }) => lstatSync(dir, { throwIfNoEntry: false }) !== undefined);
}

/** Errors: those of `openManifest`, DIGEST, ENTRIES, SCHEME, COMPONENT. */
async function openComponent(
  image: Manifest,
  options: {
    readonly dir: string;
    /** What its manifest must be called. */
    readonly name: string | undefined;
    readonly taken: readonly Opened[];
    readonly keys: readonly KeyObject[];
  },
): Promise<Opened> {
  const { dir, name, taken, keys } = options;
  const manifest = openManifest(dir, keys);
  try {
    const component = declared(image, manifest, name);
    if (taken.some((other) => other.component === component)) {
      throw new CodedError('COMPONENT', `${component.name} was found twice`);
    }
    await checkStoredDigest(manifest);
    return { manifest, component, above: await judgeEntries(manifest, component) };
  } catch (error) {
    manifest.close();
    throw error;
  }
}

function declared(image: Manifest, manifest: Manifest, name: string | undefined): Component {
  const { digest, name: own } = manifest.image;
  const component = image.rules.components?.find((one) => one.name === own);
  if (component === undefined) throw new CodedError('COMPONENT', `the rules of ${image.image.name} declare no ${own}`);
  if (name !== undefined && name !== own) throw new CodedError('COMPONENT', `expected ${name}, got ${own}`);
  if (component.digest !== undefined && component.digest !== digest) {
    throw new CodedError('COMPONENT', `expected the manifest ${component.digest}, got ${digest}`);
  }
  if (hasLabels(manifest.statement.predicate.scheme) !== hasLabels(image.statement.predicate.scheme)) {
    throw new CodedError('SCHEME', 'one of image and component was baked with SELinux labels, and the other without');
  }
  return component;
}

const aboveMax = 10_000;

/** All of them, strictly, and the digest of all. Errors: DIGEST, ENTRIES, COMPONENT. */
async function judgeEntries(manifest: Manifest, component: Component): Promise<ReadonlyMap<Name, string>> {
  const placeOf = openComponentPlace(component);
  const above = new Map<Name, string>();
  const cursor = openCursor(readEntryLines(manifest));
  while (await cursor.load()) {
    const entry = cursor.entry();
    const place = placeOf(entry);
    if (typeof place === 'object') throw new CodedError('COMPONENT', place.refused);
    if (place === 'above' && entry.name !== '/') above.set(entry.name, cursor.line!);
    if (above.size > aboveMax) throw new CodedError('COMPONENT', `more than ${aboveMax} directories above its paths`);
    cursor.advance();
  }
  return above;
}

/**
 * A directory on the way must be as the image has it; where the image has none, a plain one of root's. Else a component
 * could open a directory of the image to everybody. Reads the image once, and only where there is something to ask.
 */
async function withoutMisplaced(
  image: Manifest,
  opened: readonly Opened[],
  refuse: (name: string, error: unknown) => void,
): Promise<Opened[]> {
  const asked = new Set(opened.flatMap(({ above }) => [...above.keys()]));
  const baked = await bakedDirectories(image, asked);
  return opened.filter(({ above, component }) => {
    const misplaced = [...above].find(([name, line]) => {
      const own = baked.get(name);
      return own === undefined ? !isPlainDirectory(JSON.parse(line) as Entry) : own !== line;
    });
    if (misplaced === undefined) return true;
    refuse(
      component.name,
      new CodedError('COMPONENT', `${misplaced[0]}: a directory of the image, and not as it is there`),
    );
    return false;
  });
}

async function bakedDirectories(image: Manifest, asked: ReadonlySet<Name>): Promise<ReadonlyMap<Name, string>> {
  const found = new Map<Name, string>();
  if (asked.size === 0) return found;
  await checkStoredDigest(image);
  for await (const lines of readEntryLines(image)) {
    for (const line of lines) {
      const name = isFileLine(line) ? nameIn(line) : undefined;
      if (name !== undefined && asked.has(name)) found.set(name, line);
    }
  }
  return found;
}

async function* withoutRoot(manifest: Manifest): AsyncGenerator<string[]> {
  for await (const lines of readEntryLines(manifest)) {
    yield lines.filter((line) => nameIn(line) !== '/' || !isFileLine(line));
  }
}

function reasonOf(error: CodedError): HoleReason {
  return error.code === 'COMPONENT' ? 'not-allowed' : reasonOfRefusal(error.code);
}
