import { describe, expect, it } from 'vitest';
import { AgentConfig, parseConfig } from '../../agent/config.ts';
import { readPart } from '../../packaging/deb.ts';

describe('agent.yaml.example', () => {
  it('is a configuration the agent accepts, and names every setting', async () => {
    const example = await parseConfig(readPart('etc/agent.yaml.example').toString(), 'agent.yaml.example');

    expect(Object.keys(example).sort()).toEqual(Object.keys(AgentConfig.shape).sort());
  });

  it('says truly what holds when a setting is left out', async () => {
    const { server, ca, joinTokenFile, ...rest } = await parseConfig(
      readPart('etc/agent.yaml.example').toString(),
      'agent.yaml.example',
    );

    expect(AgentConfig.parse({ server, ca, joinTokenFile })).toEqual({ server, ca, joinTokenFile, ...rest });
  });
});
