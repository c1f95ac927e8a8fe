import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { anAuthority } from '../support/certificates.ts';
import type { Figure } from './figure.ts';
import { startFleet } from './fleet.ts';
import { prepareServer } from './prepare-server.ts';
import { rssOf } from './program.ts';
import { acked, enrol, fleetProcesses } from './rates.ts';
import { startServerProcess } from './server-process.ts';

/** As many as come in half a minute; what one more costs is told as well. */
const agentsMax = 4_000;

/** The same intake over TLS 1.3, with a certificate of Ed25519 by a CA of the bench's own. Told beside the others, with no target. */
export async function tlsFiguresOf({
  work,
  agents: wanted,
  say,
}: {
  readonly work: string;
  readonly agents: number;
  say(what: string): void;
}): Promise<Figure[]> {
  const agents = Math.min(wanted, agentsMax);
  const { data, file, joinToken } = await prepareServer(join(work, 'tls'), agents);
  const authority = anAuthority();
  const { certificate, key } = authority.issue();
  const files = { ca: authority.certificate, certificate, key };
  const [ca, tlsCertificate, tlsKey] = Object.entries(files).map(([name, pem]) => {
    const path = join(work, `tls-${name}.pem`);
    writeFileSync(path, pem, { mode: 0o600 });
    return path;
  }) as [string, string, string];
  const options = ['--tls-certificate', tlsCertificate, '--tls-key', tlsKey];
  const server = await startServerProcess(data, { sockets: agents, options });
  const fleet = startFleet(fleetProcesses);
  try {
    say(`${agents} agents over TLS`);
    const before = rssOf(server.pid);
    const enrolments = await enrol(fleet, { agents, url: server.url, joinToken, ca });
    const memory = rssOf(server.pid);
    const sweeps = await acked(fleet, server, 'sweeps', file);
    return [
      { name: `TLS: enrolments of ${agents}`, value: enrolments, unit: '/s' },
      { name: `TLS: server with ${agents} agents: memory`, value: memory / 1_024, unit: 'MiB' },
      { name: 'TLS: memory of each agent', value: (memory - before) / agents, unit: 'KiB' },
      { name: 'TLS: clean sweeps, durable', value: sweeps.perSecond, unit: '/s' },
      { name: 'TLS: clean sweeps: processor time of each', value: sweeps.cpuUs, unit: 'µs' },
    ];
  } finally {
    fleet.end();
    await server.stop('SIGKILL');
  }
}
