import { type CenterKind } from '../center';
import { singleton } from '../managed-objects';
import { ROOT_FOLDER } from '../objects';

export const INVENTORY_KINDS: readonly CenterKind[] = [
  singleton(ROOT_FOLDER, { name: { type: 'string', read: () => 'Datacenters' } }),
];
