import type { Name } from './name.ts';

/**
 * Whether a file is the agent's: its program with the runtime, what it is told, and all that says how the service manager starts
 * it, drop-ins for every service included. Whoever changes one of them decides what is told of the machine.
 */
export function isOwnFile(name: Name): boolean {
  return (
    name === '/usr/bin/pristine' ||
    isBeneath(name, '/usr/lib/pristine') ||
    isBeneath(name, '/etc/pristine') ||
    isOwnUnit(name)
  );
}

/** What an instance is given when it starts, and no image has: that it appears is no change. */
export function isGivenAtStart(name: Name): boolean {
  return givenAtStart.includes(name);
}

const givenAtStart: readonly Name[] = ['/etc/pristine/agent.yaml', '/etc/pristine/join-token'];

function isBeneath(name: Name, directory: Name): boolean {
  return name === directory || name.startsWith(`${directory}/`);
}

/** The load paths of systemd.unit(5), with those of generators, and what a unit is wanted by. */
const unitDirectory =
  /^\/(?:etc|run|lib|usr\/lib|usr\/local\/lib)\/systemd\/(?:system|system\.control|system\.attached|transient|generator(?:\.early|\.late)?)\//;
const unitFile =
  /^(?:pristine-agent\.service(?:\.d(?:\/.*)?)?|(?:pristine-\.)?service\.d(?:\/.*)?|[^/]+\.(?:wants|requires|upholds)\/pristine-agent\.service)$/;
const preset = /^\/(?:etc|run|usr\/lib|usr\/local\/lib)\/systemd\/system-preset\/90-pristine\.preset$/;

function isOwnUnit(name: Name): boolean {
  const directory = unitDirectory.exec(name)?.[0];
  return directory === undefined ? preset.test(name) : unitFile.test(name.slice(directory.length));
}
