import { counted } from '@lib/kernel';
import { type KeyManagerFault } from '@lib/key-manager';
import { type LostUnder } from '@lib/kmip-engine';
import { planOf } from '@lib/platform';
import {
  adapterVersion,
  askedAt,
  fillingOf,
  type HealthFinding,
  type RootKeyBinding,
  seenWellAt,
  type WatchedRootKey,
  type WatchedRootKeys,
} from '@lib/tenancy';

import { rootKeyCrn } from './root-key-crn';
import { remedyOf, troubleOf } from './trouble-words';

type Stops = 'create' | 'get';

/** What a call that fails keeps from being done; metadata are asked for by us alone. */
const STOPS: Readonly<Record<HealthFinding['call'], Stops | undefined>> = {
  describe: undefined,
  wrap: 'create',
  store: 'create',
  unwrap: 'get',
  fetch: 'get',
};

/** In part: what else reads it. */
export interface InstanceHealth {
  readonly state: 'attention' | 'unknown' | 'well';
}

/** InstanceHealth: of one root key, or of all that an instance has. */
export function healthResponse(
  { rootKeys }: Pick<WatchedRootKeys, 'rootKeys'>,
  lost: readonly LostUnder[],
  now: Date,
): InstanceHealth {
  const known = rootKeys.map((one) => ({ ...one, health: inForce(one.binding, one.credentialId) }));
  const problems = known.flatMap((one) => [...problemsOf(one), ...lostOf(one, lost)]);
  const tested = known.flatMap(({ health }) => askedAt(health)?.getTime() ?? []);
  const untested = known.length === 0 || tested.length < known.length;
  const body = {
    state: problems.length > 0 ? 'attention' : untested ? 'unknown' : 'well',
    tested_at: tested.length === 0 ? undefined : new Date(Math.min(...tested)).toISOString(),
    problems,
    warnings: known.flatMap((one) => [...expiryOf(one, now), ...fillingOfKeyManager(one)]),
  } as const;
  return body;
}

interface Known extends WatchedRootKey {
  readonly health: RootKeyBinding['health'];
}

/** What was met with another API key, or before the root key was bound anew, is not so any more. */
function inForce({ health, ...binding }: RootKeyBinding, credentialId: string | undefined): RootKeyBinding['health'] {
  if (health === undefined || credentialId === undefined) return undefined;
  return health.version === adapterVersion(binding, credentialId) ? health : undefined;
}

/** When it was last seen that keys are made or served under a root key as it is bound now. */
export const seenWell = ({ binding, credentialId }: WatchedRootKey): Date | undefined =>
  seenWellAt(inForce(binding, credentialId));

/** What keeps keys from being made or served under a root key as it is bound now, whichever key it is. */
export function obstacleUnder({ binding, credentialId }: WatchedRootKey): string | undefined {
  const met = inForce(binding, credentialId)?.findings.find(({ call }) => STOPS[call] !== undefined);
  return met && troubleOf(binding, met);
}

function problemsOf({ binding, keys = 0, health }: Known): object[] {
  const causes = new Map<string, HealthFinding[]>();
  for (const finding of health?.findings ?? []) {
    const cause = `${finding.fault} ${finding.reasonCode ?? ''}`;
    causes.set(cause, [...(causes.get(cause) ?? []), finding]);
  }
  return [...causes.values()].map((findings) => problemOf(binding, keys, findings));
}

/** Why keys are not served. */
export interface Obstacle {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

const NO_API_KEY: Obstacle = {
  code: 'credential_not_set',
  message: 'The instance has no API key for its key manager.',
  remedy: 'Set the API key of the instance.',
};

/** By the id of each root key that is or was bound, what keeps keys under it from being served; `undefined` where nothing does. */
export function servingUnder({ rootKeys, credentialId }: WatchedRootKeys): ReadonlyMap<string, Obstacle | undefined> {
  const obstacle = ({ binding, credentialId: own }: WatchedRootKey): Obstacle | undefined => {
    if (credentialId === undefined) return NO_API_KEY;
    const met = inForce(binding, own)?.findings.find(({ call }) => STOPS[call] === 'get');
    if (met === undefined) return undefined;
    return { code: met.fault, message: troubleOf(binding, met), remedy: remedyOf(binding.kind, met) };
  };
  return new Map(rootKeys.map((one) => [one.binding.rootKeyId, obstacle(one)]));
}

function problemOf(binding: RootKeyBinding, keys: number, findings: readonly HealthFinding[]): object {
  const [{ fault, reasonCode } = { fault: 'unavailable' as KeyManagerFault, reasonCode: undefined }] = findings;
  const stops = new Set(findings.flatMap(({ call }) => STOPS[call] ?? []));
  // Nothing is made under a former root key.
  if (binding.status === 'retiring') stops.delete('create');
  return {
    code: fault,
    reason_code: reasonCode,
    message: troubleOf(binding, { fault, reasonCode }),
    remedy: remedyOf(binding.kind, { fault, reasonCode }),
    stops: [...stops].sort(),
    since: new Date(Math.min(...findings.map(({ since }) => since.getTime()))).toISOString(),
    root_key_crn: rootKeyCrn(binding),
    former: binding.status === 'retiring',
    keys_under_root_key: keys,
    keys_stopped: stops.has('get') ? keys : 0,
  };
}

const LOST_ONE = {
  message: (keys: string) =>
    `The stored key of ${keys} is gone from the key manager: what it protects cannot be read any more. The list of keys that cannot be served (servable=false) names the key, and the machine it belongs to.`,
  remedy:
    'If that was a mistake, restore the stored key in the key manager; the key says until when. If it was meant, destroy the key here too, revoking it if it is active (kmip4v key destroy KEY --revoke, or a shred plan): then it is settled.',
} as const;

const LOST_SEVERAL = {
  message: (keys: string) =>
    `The stored keys of ${keys} are gone from the key manager: what they protect cannot be read any more. The list of keys that cannot be served (servable=false) names each, and the machine it belongs to.`,
  remedy:
    'If that was a mistake, restore the stored keys in the key manager; each key says until when. If it was meant, destroy the keys here too, revoking those that are active (kmip4v key destroy KEY --revoke, or a shred plan): then it is settled.',
} as const;

/** Keys of which nothing is left, whatever the root key does. */
function lostOf({ binding }: Known, all: readonly LostUnder[]): object[] {
  const lost = all.find(({ rootKeyId }) => rootKeyId === binding.rootKeyId);
  if (lost === undefined) return [];
  const words = lost.keys === 1 ? LOST_ONE : LOST_SEVERAL;
  return [
    {
      code: 'stored_key_deleted',
      message: words.message(counted(lost.keys, 'key')),
      remedy: words.remedy,
      stops: ['get'],
      since: lost.since.toISOString(),
      root_key_crn: rootKeyCrn(binding),
      former: binding.status === 'retiring',
      keys_under_root_key: lost.keysUnder,
      keys_stopped: lost.keys,
    },
  ];
}

/** Nothing is made in the key manager of a former root key. */
function fillingOfKeyManager({ binding, health }: Known): object[] {
  const { maximumKeys, name = '' } = planOf(binding) ?? {};
  const percent = fillingOf(health?.storedKeys, maximumKeys);
  if (percent === undefined || maximumKeys === undefined || binding.status === 'retiring') return [];
  const [stored, most] = [health?.storedKeys ?? 0, maximumKeys].map((count) => count.toLocaleString('en'));
  return [
    {
      code: 'key_manager_nearly_full',
      message: `The key-manager instance of root key ${binding.rootKeyId} lists ${stored} stored keys; an instance of ${name} holds at most ${most} root and standard keys. From then on no key can be made.`,
      remedy:
        'Delete stored keys that nobody needs, or bind a root key of another key-manager instance: keys move there and are served meanwhile.',
      root_key_crn: rootKeyCrn(binding),
    },
  ];
}

function expiryOf({ binding, health }: Known, now: Date): object[] {
  const expiresAt = health?.expiresAt;
  // What has expired is a problem already; keys of a former root key only have to be unwrapped, which it goes on to do.
  if (expiresAt === undefined || expiresAt <= now || binding.status === 'retiring') return [];
  const days = Math.ceil((expiresAt.getTime() - now.getTime()) / 86_400_000);
  return [
    {
      code: 'root_key_expires',
      message:
        `Root key ${binding.rootKeyId} expires on ${expiresAt.toISOString()}, in ${counted(days, 'day')}: ` +
        'from then on no key can be made under it, and its expiration date cannot be changed any more.',
      remedy: 'Bind a root key without an expiration date; keys move to it by themselves and are served meanwhile.',
      expires_at: expiresAt.toISOString(),
      root_key_crn: rootKeyCrn(binding),
    },
  ];
}
