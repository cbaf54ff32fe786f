import { createHash } from 'node:crypto';

import { type Inventory, isComplete, type KeyReference, referencesTo, type Unexamined } from '../inventory/inventory';
import { counted } from '../../output/counted';

/** That a vCenter needs a key provider no more, as of an instant; or what still needs it, and what was not looked at. */
export interface ProviderProof {
  readonly provider: string;
  readonly vcenter: Inventory['vcenter'];
  readonly takenAt: string;
  readonly proven: boolean;
  readonly examined: Inventory['examined'];
  readonly references: readonly KeyReference[];
  readonly unexamined: readonly Unexamined[];
  /** SHA-256 over the inventory on which this stands. */
  readonly inventorySha256: string;
}

export function proofFor(inventory: Inventory, provider: string): ProviderProof {
  const references = referencesTo(inventory, provider);
  // A place that names no provider may mean any.
  const unnamed = inventory.references.filter((reference) => reference.provider === undefined);
  const unexamined = [
    ...inventory.unexamined,
    ...unnamed.map(({ name, keyId }) => ({ what: name, why: `It names no provider for its key ${keyId}.` })),
  ];
  return {
    provider,
    vcenter: inventory.vcenter,
    takenAt: inventory.takenAt,
    proven: references.length === 0 && unexamined.length === 0 && isComplete(inventory),
    examined: inventory.examined,
    references,
    unexamined,
    inventorySha256: createHash('sha256').update(JSON.stringify(inventory)).digest('hex'),
  };
}

export function proofSentence({ proven, provider, references, unexamined, takenAt }: ProviderProof): string {
  if (proven) {
    return (
      `Nothing in this vCenter needs a key of ${provider} (as of ${takenAt}): zero references, and everything was looked at. It may be removed from ` +
      'vCenter. Backups and machines that are not registered may still need its keys: keep them until those have gone.'
    );
  }
  const still =
    references.length === 0
      ? ''
      : `${counted(references.length, 'place')} still ${references.length === 1 ? 'needs' : 'need'} a key of ${provider}. `;
  const gaps =
    unexamined.length === 0
      ? ''
      : `${counted(unexamined.length, 'thing')} could not be looked at, so nothing is proven. `;
  return `${still}${gaps}Do not remove ${provider}.`;
}
