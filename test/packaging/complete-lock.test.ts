import { describe, expect, it } from 'vitest';
import { missingPackages } from '../../packaging/complete-lock.ts';

describe('missingPackages', () => {
  it('is content when each optional package is locked at the version asked for', () => {
    const packages = {
      'node_modules/tool': { dev: true, optionalDependencies: { 'tool-linux-x64': '1.0.0' } },
      'node_modules/tool-linux-x64': { version: '1.0.0' },
    };

    expect(missingPackages(packages)).toEqual([]);
  });

  it('puts what is missing beside the package that asks', () => {
    const packages = {
      'node_modules/a/node_modules/tool': { optionalDependencies: { 'tool-darwin-x64': '1.0.0' } },
    };

    expect(missingPackages(packages)).toEqual([
      { place: 'node_modules/a/node_modules/tool-darwin-x64', name: 'tool-darwin-x64', version: '1.0.0', dev: false },
    ]);
  });

  it('puts it inside when another version already lies beside', () => {
    const packages = {
      'node_modules/tool': { dev: true, optionalDependencies: { 'tool-darwin-x64': '2.0.0' } },
      'node_modules/tool-darwin-x64': { version: '1.0.0' },
    };

    expect(missingPackages(packages)).toEqual([
      { place: 'node_modules/tool/node_modules/tool-darwin-x64', name: 'tool-darwin-x64', version: '2.0.0', dev: true },
    ]);
  });
});
