import { describe, expect, it } from 'vitest';
import { AgentConfig, agentUrl, parseConfig } from '../../agent/config.ts';

const file = '/etc/pristine/agent.yaml';

describe('agent.yaml', () => {
  it('needs no more than a server', async () => {
    expect(await parseConfig('server: wss://pristine.example', file)).toEqual({
      server: 'wss://pristine.example',
      root: '/',
      manifest: '/usr/lib/pristine/manifest',
      components: '/usr/lib/pristine/components',
      pub: '/etc/pristine/trusted.pub',
      stateDir: '/var/lib/pristine',
      enrol: 'token',
      awsMetadata: 'http://169.254.169.254',
      kubernetesTokenFile: '/var/run/secrets/pristine/token',
      labels: {},
      sweepEvery: '6h',
      sweepBytesPerSecondMax: 'none',
      sweepCpuShareMax: 'none',
      sweepHeapMax: 'none',
      watch: true,
      commandLines: 'masked',
    });
  });

  it.each([
    ['an unknown key', 'server: wss://x\nsweepevery: 1h', 'sweepevery'],
    ['a missing server', 'root: /', 'server'],
    ['nothing', '', 'server'],
    ['a list', '- server', 'server'],
    ['a server of another scheme', 'server: ftp://x', 'server'],
    ['a server by plain text, elsewhere', 'server: ws://pristine.example', 'wss'],
    ['a server by plain http, elsewhere', 'server: http://192.0.2.7:7420', 'wss'],
    ['a CA where nothing shows a certificate', 'server: ws://127.0.0.1\nca: /ca.pem', 'ca'],
    ['a server with a password', 'server: wss://a:b@x', 'server'],
    ['a server with a token in its query', 'server: wss://x?token=1', 'server'],
    ['a relative root', 'server: wss://x\nroot: image', 'root'],
    ['a duration without a unit', 'server: wss://x\nsweepEvery: 60', 'sweepEvery'],
    ['a sweep without pause', 'server: wss://x\nsweepEvery: 0', 'sweepEvery'],
    ['less memory than a sweep needs', 'server: wss://x\nsweepHeapMax: 1M', 'sweepHeapMax'],
    ['a way to enrol that is none', 'server: wss://x\nenrol: trust', 'enrol'],
    ['a metadata service that is not on this link', 'server: wss://x\nawsMetadata: http://10.0.0.1', 'awsMetadata'],
    ['a metadata service by a name', 'server: wss://x\nawsMetadata: http://metadata', 'awsMetadata'],
    ['a label that no label is', 'server: wss://x\nlabels: {"a b": c}', 'labels'],
    ['a word for a switch', 'server: wss://x\nwatch: sometimes', 'watch'],
    ['what is not YAML', 'server: [', file],
    ['an alias', 'server: &a ws://x\nroot: *a', file],
  ])('refuses %s, naming file and key', async (_what, text, key) => {
    const error = await parseConfig(text, file).catch((thrown) => thrown);

    expect(error).toMatchObject({ code: 'CONFIG', exitCode: 2 });
    expect(error.message).toContain(file);
    expect(error.message).toContain(key);
  });

  it('has a sentence for each option', () => {
    for (const [key, schema] of Object.entries(AgentConfig.shape)) expect(schema.description, key).toBeTypeOf('string');
  });

  it.each([
    ['https://pristine.example', 'wss://pristine.example/agent/v1'],
    ['http://127.0.0.1:7420/', 'ws://127.0.0.1:7420/agent/v1'],
    ['wss://pristine.example/fleet', 'wss://pristine.example/fleet/agent/v1'],
    ['pristine.example', undefined],
  ])('connects for %s to %s', (server, url) => {
    expect(agentUrl(server)).toBe(url);
  });
});
