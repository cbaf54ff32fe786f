import { type InstanceId } from '@lib/kernel';

export const INSTANCE_STATES = ['installing', 'inactive', 'configuring', 'installed', 'removing', 'failed'] as const;

/** `inactive`: made but without a root key; `installed`: serving. Names are the original service's. */
export type InstanceState = (typeof INSTANCE_STATES)[number];

/** `ignore`: certificates alone decide who is served, as with clients that send somebody else's credential. */
export const CREDENTIAL_POLICIES = ['ignore', 'enforce'] as const;
export type CredentialPolicy = (typeof CREDENTIAL_POLICIES)[number];

/** `local`: from the gateway's random numbers. The key manager makes keys of 256 bits only; others stay local. */
export const KEY_GENERATIONS = ['local', 'key_manager'] as const;
export type KeyGeneration = (typeof KEY_GENERATIONS)[number];

/** What an instance's administrator sets. All of it: read, written and shown by this list. */
export interface InstanceOptions {
  /** What becomes of requests with a credential that is not one of ours. */
  readonly credentialPolicy: CredentialPolicy;
  /** Who makes the material of new keys. */
  readonly keyGeneration: KeyGeneration;
  /** Whether destroyed keys are purged in the key manager, so that nobody can restore them there. */
  readonly purgeDestroyedKeys: boolean;
  /** Whether administrators destroy keys by plans alone that a second person has confirmed. */
  readonly secondPersonToDestroy: boolean;
}

export const DEFAULT_OPTIONS: InstanceOptions = {
  credentialPolicy: 'ignore',
  keyGeneration: 'local',
  purgeDestroyedKeys: false,
  secondPersonToDestroy: false,
};

/** One KMIP service instance of one tenant. */
export interface Instance extends InstanceOptions {
  /** The service-instance segment of {@link crn}. */
  readonly id: InstanceId;
  readonly crn: string;
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  readonly state: InstanceState;
  /** Off while the platform suspends the account or a deletion is pending; nothing is deleted then. */
  readonly enabled: boolean;
  /** The platform's reason code, as received. */
  readonly disabledReason?: string;
  /** Quota: keys that are not destroyed. */
  readonly maximumKeys: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Until then a second person is demanded still, although the option is off. */
  readonly secondPersonUntil?: Date;
  /** Grows with every change, for conditional updates (ETag). */
  readonly revision: number;
}

/** So long the option works on: one person alone cannot turn it off and destroy keys before the others hear of it. */
const SECOND_PERSON_WORKS_ON_MS = 24 * 3_600_000;

/** An instance whose options change. */
export function withOptions(instance: Instance, changes: Partial<InstanceOptions>, now: Date): Instance {
  const changed = { ...instance, ...changes };
  if (changes.secondPersonToDestroy === undefined) return changed;
  const { secondPersonUntil: before, ...rest } = changed;
  if (changes.secondPersonToDestroy) return rest;
  if (!instance.secondPersonToDestroy) return before === undefined ? rest : changed;
  return { ...rest, secondPersonUntil: aDayFrom(now) };
}

/**
 * An instance that is disabled, or enabled again. Disabled, nobody can turn the option on again, and nobody is told that it
 * is off: a day that had begun stands still, and begins anew with the instance.
 */
export function withEnabled(instance: Instance, enabled: boolean, now: Date): Instance {
  const { secondPersonUntil: until, ...rest } = instance;
  if (until === undefined || instance.enabled === enabled) return { ...instance, enabled };
  if (enabled) return { ...rest, enabled, secondPersonUntil: aDayFrom(now) };
  return { ...rest, enabled, ...(now < until && { secondPersonUntil: until }) };
}

/** In the record of it. */
export const enablementDetails = (
  { enabled, secondPersonUntil: until }: Pick<Instance, 'enabled' | 'secondPersonUntil'>,
  reason: string | undefined,
): Readonly<Record<string, string>> => ({
  ...(reason !== undefined && { reason }),
  ...(enabled && until !== undefined && { secondPersonUntil: until.toISOString() }),
});

const aDayFrom = (now: Date): Date => new Date(now.getTime() + SECOND_PERSON_WORKS_ON_MS);

type Demand = Pick<Instance, 'secondPersonToDestroy' | 'secondPersonUntil' | 'enabled'>;

/** In the record of an instance's end: whichever instance gets its keys later demands one too. */
export const secondPersonRecorded = (instance: Demand, now: Date): { readonly secondPersonToDestroy?: true } =>
  needsSecondPerson(instance, now) ? { secondPersonToDestroy: true } : {};

export const needsSecondPerson = (
  { secondPersonToDestroy, secondPersonUntil: until, enabled }: Demand,
  now: Date,
): boolean => secondPersonToDestroy || (until !== undefined && (!enabled || now < until));
