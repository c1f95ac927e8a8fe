import { timestamp } from '../../shared/clock.ts';
import type { RulesAnswer, RulesOffer, ServerMessage } from '../../shared/protocol.ts';
import { appendEvent } from '../store/event-store.ts';
import { findInstance } from '../store/instance-store.ts';
import { rulesFor, type StoredRules } from '../store/rules-store.ts';
import type { House } from './connection.ts';

/** The rules that one agent is offered over one connection, and what it says to them. */
export interface RulesOffers {
  /** Those in force, if the agent has lower ones, and the latest candidate. Each once a connection. */
  send(): Promise<void>;
  /** What was not offered here is not listened to, nor said twice. */
  answered(answer: RulesAnswer): Promise<void>;
}

export function openRulesOffers(
  { db, board, feed, clock, log }: House,
  instanceId: string,
  rulesAtHello: number,
  send: (message: ServerMessage) => void,
): RulesOffers {
  const open = new Set<string>();
  const sent = new Set<string>();

  const offer = (use: RulesOffer['use'], { digest, envelope }: StoredRules) => {
    const name = `${use} ${digest}`;
    if (sent.has(name)) return;
    sent.add(name);
    open.add(name);
    const signatures = envelope.signatures.map(({ keyid = '', sig }) => ({ keyid, sig }));
    send({ type: 'rules', use, envelope: { ...envelope, signatures } });
  };

  return {
    async send() {
      const { active, candidate } = await rulesFor(db, instanceId, rulesAtHello);
      if (active !== undefined) offer('force', active);
      if (candidate !== undefined) offer('preview', candidate);
    },
    async answered(answer) {
      const use = answer.type === 'rules-refused' ? answer.use : 'preview';
      if (!open.delete(`${use} ${answer.digest}`)) return;
      if (use === 'preview') board.answered(instanceId, answer);
      if (answer.type !== 'rules-refused') return;
      const { digest, code, message } = answer;
      log.error({ instanceId, use, digest, code, reason: message }, 'an agent refuses rules');
      const groupName = (await findInstance(db, instanceId))?.group;
      await appendEvent(db, {
        ...{ at: timestamp(clock.now()), type: 'rules.refused', instanceId, data: { use, digest, code, message } },
        ...(groupName !== undefined && { groupName }),
      });
      feed.wake();
    },
  };
}
