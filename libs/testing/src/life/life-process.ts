import { type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import { CustodySweep, KeyAdministration, KeyDestruction } from '@lib/kmip-engine';

import { EngineHarness } from '../engine/engine-harness';
import { type ManualClock } from '../engine/manual-clock';
import { type FakeKeyManager } from '../key-manager/fake-key-manager';
import { type Dice } from './dice';
import { Mortality } from './mortality';

/** One gateway with the management API and the work beside them, and its memory. */
export class LifeProcess {
  readonly mortality = new Mortality();
  readonly harness: EngineHarness;
  readonly sweep: CustodySweep;
  readonly administration: KeyAdministration;

  constructor(clock: ManualClock, instanceId: InstanceId, keyManager: FakeKeyManager, dice: Dice) {
    const newUniqueIdentifier = (): UniqueIdentifier => uuidOf(dice);
    this.harness = new EngineHarness({
      clock,
      keyManager,
      instanceId,
      dependencies: { newUniqueIdentifier },
    });
    this.sweep = new CustodySweep(this.harness.background);
    const logger = { warn: () => undefined, error: () => undefined };
    this.administration = new KeyAdministration(new KeyDestruction({ logger }), clock);
  }
}

/** In the same order each time, since what is done by identifiers must be repeatable. */
function uuidOf(dice: Dice): UniqueIdentifier {
  const hex = Array.from({ length: 32 }, () => dice.below(16).toString(16)).join('');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)];
  return parts.join('-') as UniqueIdentifier;
}
