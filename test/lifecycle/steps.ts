import { CatalogRows } from '../e2e/support/catalog-rows';
import { requireIntactRecord } from './support/shred-record';
import { type Report, type TenantYear } from './support/tenant-year';

/** What the tenant API has to say, and where. */
export interface Told {
  readonly in: Report;
  readonly words: RegExp;
}

/**
 * A line of the year. Whatever happens, each key that it does not strike is served with its bytes on both endpoints,
 * and once it is mended those that it struck are too. What nothing mends is refused for the rest of the year.
 */
export interface Step {
  readonly name: string;
  /** Of the long form; those without one are done every month. */
  readonly month?: number;
  /** @returns the keys that it strikes */
  readonly happens: (year: TenantYear) => Promise<readonly string[]>;
  /** How those are refused. */
  readonly refused?: RegExp;
  /** By the tenant API, within two minutes of the request that was refused. */
  readonly told?: Told;
  readonly mended?: (year: TenantYear) => Promise<unknown>;
  /** By the tenant API, when all is well again. */
  readonly afterwards?: Told;
}

const HALF_A_MINUTE_DAYS = 31 / 86_400;
const WELL = { in: 'instance', words: /"state":"well"/ } as const;
const ALL_SERVABLE = { in: 'unservable', words: /"keys":\[\]/ } as const;
const NONE_FORMER = { in: 'formerRootKeys', words: /"former_root_keys":\[\]/ } as const;

const toNoKey = (act: (year: TenantYear) => Promise<unknown>): Step['happens'] => {
  return async (year) => {
    await act(year);
    return [];
  };
};

/** A tenant's year, in order. */
export const STEPS: readonly Step[] = [
  {
    name: 'the root key is rotated',
    happens: toNoKey((year) => year.rotateRootKey()),
    afterwards: { in: 'versions', words: /^new$/ },
  },
  {
    name: 'the API key is replaced, and the former one deleted',
    happens: toNoKey((year) => year.rotateApiKey()),
    afterwards: WELL,
  },
  {
    name: 'a stored key is deleted, and restored',
    month: 2,
    happens: async (year) => {
      const [id = ''] = year.living;
      await year.console('DELETE', `/keys/${(await year.custodyOf(id)).stored_key_id}`);
      return [id];
    },
    refused: /was deleted in the key manager.*Restore.*\[stored_key_deleted\]/,
    told: { in: 'unservable', words: /"state":"shredded".*"code":"stored_key_deleted".*"restorable_until"/ },
    mended: async (year) => {
      const [id = ''] = year.living;
      await year.pass(HALF_A_MINUTE_DAYS);
      await year.console('POST', `/keys/${(await year.custodyOf(id)).stored_key_id}/restore`);
    },
    afterwards: ALL_SERVABLE,
  },
  {
    name: 'the root key is disabled for a day',
    month: 3,
    happens: async (year) => {
      await year.console('POST', `/keys/${year.home.rootKey.id}/actions/disable`);
      return year.living;
    },
    refused: /is disabled in the key manager.*\(root key [0-9a-f-]+; .*\[root_key_disabled\]/,
    told: { in: 'instance', words: /"state":"attention".*Root key [0-9a-f-]+ is disabled/ },
    mended: async (year) => {
      await year.pass(1);
      await year.console('POST', `/keys/${year.home.rootKey.id}/actions/enable`);
    },
    afterwards: WELL,
  },
  {
    name: 'the role of the service ID is lowered, and mended',
    month: 4,
    happens: async (year) => {
      await year.allowOnly(['Reader']);
      return year.living;
    },
    refused: /refuses the service ID.*was lowered.*\[key_manager_permission\]/,
    told: { in: 'instance', words: /"state":"attention".*refuses the service ID.*lowered/ },
    mended: (year) => year.mendRole(),
    afterwards: WELL,
  },
  {
    name: 'it moves from Key Protect to HPCS',
    month: 5,
    happens: toNoKey(async (year) => year.moveHalfway(await year.order({ serviceName: 'hs-crypto' }))),
    told: { in: 'formerRootKeys', words: /Do not delete this root key yet: \d+ keys? lies? under it/ },
    mended: (year) => year.pauseMoves(false),
    afterwards: NONE_FORMER,
  },
  {
    name: 'it moves from HPCS to Key Protect Dedicated, whose former root key is deleted too soon, and restored',
    month: 6,
    happens: async (year) => {
      const left = await year.moveHalfway(await year.order({ dedicated: true }));
      await year.console('DELETE', `/keys/${year.former.rootKey.id}`, year.former);
      return left;
    },
    refused: /was deleted in the key manager.*\(former root key [0-9a-f-]+; .*\[root_key_deleted\]/,
    told: { in: 'instance', words: /Former root key [0-9a-f-]+ was deleted.*30 days/ },
    mended: async (year) => {
      await year.pass(HALF_A_MINUTE_DAYS);
      await year.console('POST', `/keys/${year.former.rootKey.id}/restore`, year.former);
      await year.pauseMoves(false);
    },
    afterwards: NONE_FORMER,
  },
  {
    name: 'the former root key is deleted, which no key lies under any more',
    month: 7,
    happens: toNoKey((year) => year.console('DELETE', `/keys/${year.former.rootKey.id}`, year.former)),
    told: WELL,
  },
  {
    name: 'the database is lost, and rebuilt from the key manager',
    month: 8,
    happens: async (year) => {
      const rows = await CatalogRows.open(year.service);
      await rows.forgetKeys(year.api.instanceId);
      await rows.close();
      return year.living;
    },
    refused: /There is no key with this Unique Identifier.*\[unknown_object\]/,
    told: { in: 'keys', words: /"keys":\[\]/ },
    mended: (year) => year.service.admin('catalog', 'rebuild', '--instance', year.api.instanceId),
    afterwards: ALL_SERVABLE,
  },
  {
    name: 'a key is shredded, with a signed record',
    month: 9,
    happens: async (year) => {
      const [id = ''] = year.living;
      await requireIntactRecord(year.api, await year.shred(id));
      return [id];
    },
    // An instance that takes over does not even know it.
    refused: /The key was destroyed.*\[key_destroyed\]|\[unknown_object\]/,
    told: { in: 'shredPlans', words: /"state":"completed"/ },
  },
  {
    name: 'the instance is removed by mistake, and its keys are taken over by another one',
    month: 11,
    happens: async (year) => {
      await year.removeInstance();
      return year.all;
    },
    refused:
      /The client certificate is not allowed in any KMIP instance.*Add the certificate|was removed from this KMIP instance/,
    mended: async (year) => {
      const from = year.api.instanceId;
      await year.orderAgain();
      await year.service.admin('instance', 'take-over', '--instance', year.api.instanceId, '--from', from);
    },
    afterwards: ALL_SERVABLE,
  },
  {
    name: 'the database is restored from a backup: younger keys are missing, and a key suspended since stays so',
    month: 12,
    happens: async (year) => {
      const [suspended = ''] = year.living;
      await year.backUp();
      const younger = await year.encryptVms(2);
      await year.suspend(suspended, true);
      await year.restore();
      return [suspended, ...younger];
    },
    refused: /suspended by an administrator.*\[key_suspended\]|\[unknown_object\]/,
    told: { in: 'instance', words: /restored from a backup/ },
    mended: async (year) => {
      await year.service.admin('catalog', 'rebuild', '--instance', year.api.instanceId);
      await year.service.admin('restore', 'release');
      await year.suspend(year.living[0] ?? '', false);
    },
    afterwards: ALL_SERVABLE,
  },
];
