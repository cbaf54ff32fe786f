import { type Hindrance, type SweepReport } from '@lib/kmip-engine';

const TEXTS: Readonly<Partial<Record<Hindrance, string>>> = {
  may_not_delete:
    'keys stay under this root key: the service ID may not delete stored keys here. Give it the role Manager until they have moved',
  unsettled_moves:
    'keys wait to be moved: of stored keys that earlier moves left it is not proven yet that they may be deleted, or they could not be. The operator finds each in the log',
  root_key_deleted: 'this root key was deleted: the keys that are left under it are shredded',
  credential_rejected: 'keys wait to be moved: IAM refuses the API key',
  permission_denied:
    'keys wait to be moved: the service ID may not read here, or not wrap and store under the present root key',
};

/** What the tenant's administrator reads at a replaced root key; `undefined` when all is well. */
export function hindranceText({ hindrance, staying }: SweepReport): string | undefined {
  if (hindrance === undefined) return undefined;
  if (hindrance === 'keys_stay' && staying !== undefined) {
    const reasons = Object.entries(staying).map(([reason, count]) => `${count} × ${reason}`);
    return `some keys cannot be moved: ${reasons.join(', ')}. Destroy them, or restore their stored keys`;
  }
  return TEXTS[hindrance] ?? `keys wait to be moved: one of the two key managers answered ${hindrance}`;
}
