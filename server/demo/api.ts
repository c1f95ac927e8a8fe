import { readFileSync } from 'node:fs';
import type { GroupView, Instance, InstanceFinding, PlanView, ReplacementView } from '../../shared/api.ts';
import { CodedError } from '../../shared/errors.ts';
import type { FleetEvent } from '../../shared/event.ts';

/** The REST calls the demo makes, as anybody's script would. */
export function connectApi(url: string, tokenFile: string) {
  const headers = { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` };
  const get = async (path: string, signal?: AbortSignal): Promise<Response> => {
    const response = await fetch(`${url}/api/v1/${path}`, { headers, ...(signal && { signal }) });
    if (!response.ok)
      throw new CodedError('IO', `GET ${path}: expected 200, got ${response.status}: ${await response.text()}`);
    return response;
  };
  const json = async <T>(path: string) => (await (await get(path)).json()) as T;

  return {
    instances: async (group: string) => (await json<{ items: Instance[] }>(`instances?group=${group}&limit=100`)).items,
    findings: async (id: string) =>
      (await json<{ items: InstanceFinding[] }>(`instances/${id}/findings?open=true`)).items,
    replacements: async (group: string) =>
      (await json<{ items: ReplacementView[] }>(`replacements?group=${group}`)).items,
    proof: async (id: string) => (await get(`replacements/${id}/proof`)).text(),
    proofKey: async () => (await get('proof-key')).text(),
    group: (name: string) => json<GroupView>(`groups/${name}`),
    plan: (name: string) => json<PlanView>(`groups/${name}/plan`),
    /** Server-sent events until the signal, after that one or, once it resolves, from then on; the caller reads resources for the truth. */
    async events(signal: AbortSignal, after?: number): Promise<AsyncGenerator<FleetEvent>> {
      return eventsOf(await get(after === undefined ? 'events' : `events?after=${after}`, signal));
    },
  };
}
export type Api = ReturnType<typeof connectApi>;

async function* eventsOf(response: Response): AsyncGenerator<FleetEvent> {
  let buffered = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    buffered += chunk;
    const messages = buffered.split('\n\n');
    buffered = messages.pop()!;
    for (const message of messages) {
      const data = /^data: ?(.*)$/m.exec(message)?.[1];
      if (data !== undefined) yield JSON.parse(data) as FleetEvent;
    }
  }
}
