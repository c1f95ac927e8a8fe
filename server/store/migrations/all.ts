import type { Migration } from 'kysely/migration';
import * as initial from './0001-initial.ts';
import * as breakerReset from './0002-breaker-reset.ts';
import * as openRelabels from './0003-open-relabels.ts';
import * as enrolment from './0004-enrolment.ts';
import * as outsideLook from './0005-outside-look.ts';
import * as doubts from './0007-doubts.ts';
import * as listening from './0008-listening.ts';
import * as tokenMachine from './0009-token-machine.ts';
import * as shapes from './0010-shapes.ts';
import * as lease from './0011-lease.ts';
import * as people from './0012-people.ts';
import * as quarantine from './0013-quarantine.ts';
import * as machines from './0014-machines.ts';
import * as promotions from './0015-promotions.ts';
import * as exemptions from './0017-exemptions.ts';
import * as refusals from './0021-refusals.ts';

/** In order of their names. A migration that has been released never changes. */
export const migrations: Record<string, Migration> = {
  '0001-initial': initial,
  '0002-breaker-reset': breakerReset,
  '0003-open-relabels': openRelabels,
  '0004-enrolment': enrolment,
  '0005-outside-look': outsideLook,
  '0007-doubts': doubts,
  '0008-listening': listening,
  '0009-token-machine': tokenMachine,
  '0010-shapes': shapes,
  '0011-lease': lease,
  '0012-people': people,
  '0013-quarantine': quarantine,
  '0014-machines': machines,
  '0015-promotions': promotions,
  '0017-exemptions': exemptions,
  '0021-refusals': refusals,
};
