import { type AboutInfo } from '@lib/vi-json';
import { type FaultBoard, type MovableClock } from '@lib/stand-in';

import { type Behaviour } from './behaviour';
import { type CallLog } from './http/call-log';
import { type CallFacts, type FaultEffect, type FaultMatch } from './http/traffic';
import { type KeyProviders } from './kmip/key-providers';
import { type KeyServers } from './kmip/key-servers';
import { type ProviderHealth } from './kmip/provider-health';
import { type ProviderKeys } from './kmip/provider-keys';
import { type HostCrypto } from './inventory/host-crypto';
import { type HostKeys } from './inventory/host-keys';
import { type Inventory } from './inventory/inventory';
import { type MachineCrypto } from './inventory/machine-crypto';
import { type VsanCrypto } from './inventory/vsan-crypto';
import { type Kind, type ManagedObjects } from './managed-objects';
import { type CenterStore } from './rows';
import { type Sessions } from './sessions';
import { type Tasks } from './tasks';
import { type Users } from './users';

/** What every managed object of this vCenter works with. */
export interface Center {
  readonly store: CenterStore;
  readonly clock: MovableClock;
  readonly behaviour: Behaviour;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly tasks: Tasks;
  readonly faults: FaultBoard<FaultMatch, CallFacts, FaultEffect>;
  readonly calls: CallLog;
  readonly providers: KeyProviders;
  readonly keyServers: KeyServers;
  readonly keys: ProviderKeys;
  readonly health: ProviderHealth;
  readonly objects: ManagedObjects<Center>;
  readonly inventory: Inventory;
  readonly hostKeys: HostKeys;
  readonly hosts: HostCrypto;
  readonly machines: MachineCrypto;
  readonly vsan: VsanCrypto;
  /** What it says about itself. */
  readonly about: AboutInfo;
}

export type CenterKind = Kind<Center>;
