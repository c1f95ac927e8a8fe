import { setLifecycle } from '../../../server/store/instance-store.ts';
import { timestamp } from '../../../shared/clock.ts';
import type { Credential } from '../../../shared/enrolment.ts';
import type { Clouds } from '../clouds.ts';
import type { GatewayHouse } from '../gateway-house.ts';
import { anAgentKey, connectAgent, type HelloOverrides } from '../scripted-agent.ts';

/** The servers that refuse; they are there once a test has begun. */
export interface RefusalWorld {
  readonly clouds: Clouds;
  house: GatewayHouse;
  /** Knows of no cloud. */
  tokens: GatewayHouse;
  /** Its cluster does not answer. */
  deaf: GatewayHouse;
}

/** Something that nobody enrols with, and how that is said. */
export interface Refusal {
  readonly what: string;
  readonly hello: () => HelloOverrides | Promise<HelloOverrides>;
  readonly code: number;
  readonly reason: RegExp;
  readonly at?: () => GatewayHouse;
}

export const hourMs = 3_600_000;
export const by = (enrolment: Credential): HelloOverrides => ({ enrolment });
export const withToken = (joinToken: string): HelloOverrides => ({ joinToken });
/** What no type of ours would let a test write. */
export const odd = (enrolment: unknown): HelloOverrides => ({ enrolment }) as HelloOverrides;

/** Enrols one with it, so that it is the next one's. */
export async function used({ house }: RefusalWorld, hello: HelloOverrides): Promise<HelloOverrides> {
  await enrolled(house, hello);
  return hello;
}

/** Enrols one with it, and lets that instance go. */
export async function letGo({ house }: RefusalWorld, enrolment: Credential): Promise<HelloOverrides> {
  const id = await enrolled(house, { enrolment });
  await setLifecycle(house.db, id, 'retired', timestamp(Date.now()));
  return { enrolment };
}

async function enrolled(house: GatewayHouse, hello: HelloOverrides): Promise<string> {
  return (await connectAgent(house.url, anAgentKey(), hello)).id;
}
