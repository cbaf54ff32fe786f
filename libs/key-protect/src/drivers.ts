import { readCrn } from '@lib/kernel';
import {
  type EndpointTemplates,
  type KeyManagerDriver,
  type KeyManagerLocation,
  type KeyManagerPlan,
  type ServiceEnd,
} from '@lib/key-manager';

import { ADVICE } from './advice';
import { connectKeyProtect, type KeyProtectSettings } from './connection';

const REGIONS = 'us-south us-east eu-gb eu-de eu-es au-syd jp-tok jp-osa ca-tor ca-mon br-sao in-che in-mum'.split(' ');

/** Public hosts of IBM Cloud. Dedicated has one host per instance. */
const KEY_PROTECT_ENDPOINTS: EndpointTemplates = {
  regions: REGIONS,
  templates: {
    public: ['https://{region}.kms.cloud.ibm.com', 'https://{instance}.api.{region}.kms.appdomain.cloud'],
    private: [
      'https://private.{region}.kms.cloud.ibm.com',
      'https://{instance}.api.private.{region}.kms.appdomain.cloud',
    ],
  },
};

/** One host per instance; older instances have a port. */
const HPCS_ENDPOINTS: EndpointTemplates = {
  regions: REGIONS,
  templates: {
    public: [
      'https://{instance}.api.{region}.hs-crypto.appdomain.cloud',
      'https://api.{region}.hs-crypto.cloud.ibm.com:{port}',
    ],
    private: [
      'https://{instance}.api.private.{region}.hs-crypto.appdomain.cloud',
      'https://api.private.{region}.hs-crypto.cloud.ibm.com:{port}',
    ],
  },
};

/** Key managers are named by the CRN of their instance. */
const byCrn =
  (service: string) =>
  (name: string): KeyManagerLocation | undefined => {
    const crn = readCrn(name);
    return crn?.serviceName === service ? { name, region: crn.region, instance: crn.serviceInstance } : undefined;
  };

/**
 * `key-protect/pricing-plan.md` of IBM's documentation (2026-07-19): each version of each key that is not destroyed is
 * billed, and a destroyed one for the 30 days in which it can be restored. No maximum of keys is published.
 */
const STANDARD: KeyManagerPlan = { name: 'Key Protect', billedBy: 'key_versions', billedAfterDeletionDays: 30 };
/** The same page: the price goes by crypto units alone. No maximum of keys is published. */
const DEDICATED: KeyManagerPlan = { name: 'Key Protect Dedicated', billedBy: 'crypto_units' };
/**
 * `hs-crypto/FAQs-performance.md` (2024-05-30): 50,000 root and standard keys in an instance of the Standard plan.
 * `hs-crypto/FAQs-pricing.md` (2023-09-19): the price goes by crypto units and key rings.
 */
const HPCS_STANDARD: KeyManagerPlan = {
  name: 'Hyper Protect Crypto Services',
  maximumKeys: 50_000,
  billedBy: 'crypto_units',
};

export const keyProtect = {
  kind: 'key_protect',
  serviceName: 'Key Protect',
  provider: 'key_protect',
  endpoints: KEY_PROTECT_ENDPOINTS,
  endpointsSetting: 'keyProtectEndpoints',
  advice: ADVICE,
  defaultRingOnly: false,
  locate: byCrn('kms'),
  // An instance with a host of its own is Dedicated; others share that of their region.
  planAt: ({ instance }: KeyManagerLocation, baseUrl: string) => (baseUrl.includes(instance) ? DEDICATED : STANDARD),
  connect: connectKeyProtect,
} as const satisfies KeyManagerDriver<KeyProtectSettings>;

/** hs-crypto/FAQs-general.md of IBM's documentation, 2026-07-01. */
const HPCS_ENDS: ServiceEnd = {
  on: '2027-03-28',
  message: 'IBM deletes all Hyper Protect Crypto Services instances on 28 March 2027, with every key that lies there.',
  remedy: 'Bind a root key of Key Protect, Dedicated or not, well before: the keys move there while they are served.',
};

/** Speaks the API of Key Protect at another address. */
export const hpcs = {
  kind: 'hpcs',
  serviceName: 'Hyper Protect Crypto Services',
  provider: 'hyper_protect_crypto_services',
  endpoints: HPCS_ENDPOINTS,
  endpointsSetting: 'hpcsEndpoints',
  advice: ADVICE,
  defaultRingOnly: true,
  ends: HPCS_ENDS,
  locate: byCrn('hs-crypto'),
  planAt: () => HPCS_STANDARD,
  connect: connectKeyProtect,
} as const satisfies KeyManagerDriver<KeyProtectSettings>;
