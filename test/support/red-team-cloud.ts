import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EnrolmentConfig } from '../../server/intake/enrolment/config.ts';
import { anInstanceId, someClouds } from './clouds.ts';
import { aMetadataService, type MetadataService } from './metadata-service.ts';
import { readConfig, startAgent, type Victim, writeConfig } from './red-team-victim.ts';

/** Machines of a cloud, each with an agent and a metadata service of its own. No provider of ours knows them. */
export interface TestCloud {
  readonly enrolment: EnrolmentConfig;
  /** From a tree, with agents that are configured as one that runs already, but for what vouches for them. */
  start(imageRoot: string, like: Victim['place']): Promise<void>;
  placeOf(instanceId: string): Victim['place'];
  stop(): Promise<void>;
}

export async function aTestCloud(folder: string, count: number): Promise<TestCloud> {
  const clouds = someClouds();
  const ids = Array.from({ length: count }, anInstanceId);
  const services: MetadataService[] = [];
  // The documents are stolen minutes after they were made.
  const enrolment = EnrolmentConfig.parse({ aws: { ...clouds.config.aws, maxAge: '1h' } });

  const placeOf = (id: string): Victim['place'] => {
    const directory = join(folder, id);
    const agent = join(directory, 'agent');
    return { id, directory, agent, root: join(directory, 'root'), agentConfig: join(agent, 'agent.yaml') };
  };

  return {
    enrolment,
    placeOf,
    async start(imageRoot, like) {
      const { joinTokenFile: _none, ...settings } = readConfig({ place: like });
      for (const instanceId of ids) {
        const service = await aMetadataService();
        services.push(service);
        const { document, rsa2048 = '' } = clouds.rsa2048({ instanceId });
        const at = '/latest/dynamic/instance-identity';
        service.texts.set(`${at}/document`, document).set(`${at}/rsa2048`, rsa2048);
        const { root, agent, agentConfig } = placeOf(instanceId);
        mkdirSync(agent, { recursive: true });
        execFileSync('cp', ['-a', imageRoot, root]);
        const own = { root, stateDir: join(agent, 'state'), enrol: 'aws', awsMetadata: service.url };
        startAgent(writeConfig(agentConfig, { ...settings, ...own }));
      }
    },
    async stop() {
      for (const service of services) await service.close();
    },
  };
}
