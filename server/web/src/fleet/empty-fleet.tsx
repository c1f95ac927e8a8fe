import { Code } from '@mantine/core';
import { Panel } from '../parts/panel.tsx';

/** The way to the first instance, for whoever has just started a server. */
export function EmptyFleet({ hasGroups }: { readonly hasGroups: boolean }) {
  return (
    <Panel title="No instance has enrolled yet">
      <ol>
        <li>
          Bake and push an image:{' '}
          <Code>pristine bake --root DIR --image web --image-version 1 --key KEY --out DIR</Code>,{' '}
          <Code>pristinectl keys trust FILE</Code>, <Code>pristinectl images push DIR</Code>
        </li>
        {!hasGroups && (
          <li>
            Say what belongs together: <Code>pristinectl apply -f group.yaml</Code>
          </li>
        )}
        <li>
          Make a join token with <Code>pristinectl tokens create</Code>, and start{' '}
          <Code>pristine run --config agent.yaml</Code> on the instance
        </li>
      </ol>
    </Panel>
  );
}
