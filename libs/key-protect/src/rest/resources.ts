import { type RootKeyState } from '@lib/key-manager';
import { z } from 'zod';

/** Only the members we read; the service adds others freely. */
export const keyResource = z.object({
  id: z.string(),
  name: z.string().default(''),
  state: z.number().int(),
  extractable: z.boolean().optional(),
  creationDate: z.string().optional(),
  expirationDate: z.string().optional(),
  deletionDate: z.string().optional(),
  restoreExpirationDate: z.string().optional(),
  keyRingID: z.string().optional(),
  keyVersion: z.object({ id: z.string() }).optional(),
  payload: z.string().optional(),
});
export type KeyResource = z.infer<typeof keyResource>;

/** What a POST brings back: the whole key where it is asked for and the service agrees, its id alone otherwise. */
export const createdKeyCollection = z.object({
  resources: z
    .array(z.object({ id: z.string(), name: z.string().optional(), creationDate: z.string().optional() }))
    .length(1),
});
export type CreatedKey = z.infer<typeof createdKeyCollection>['resources'][number];

/** The key was deleted, whatever is said of it: an answer that cannot be read is like none. */
export const deletedKeyCollection = z
  .object({ resources: z.array(z.object({ restoreExpirationDate: z.iso.datetime({ offset: true }) })).max(1) })
  .catch({ resources: [] });

/** `resources` is absent when a collection is empty. */
export const keyCollection = z.object({
  /** True when the instance was too large and only an id or alias was looked up. */
  metadata: z.object({ incompleteSearch: z.boolean().optional() }).optional(),
  resources: z.array(keyResource).default([]),
});

const version = z.object({ id: z.string().min(1) });

export const wrapAnswer = z.object({
  ciphertext: z.string().min(1),
  plaintext: z.string().optional(),
  keyVersion: version,
});

export const unwrapAnswer = z.object({
  plaintext: z.string(),
  keyVersion: version,
  /** Both present when the ciphertext was made by an older version. */
  ciphertext: z.string().min(1).optional(),
  rewrappedKeyVersion: version.optional(),
});

export const rewrapAnswer = z.object({
  ciphertext: z.string().min(1),
  rewrappedKeyVersion: version,
});

const keyVersion = z.object({ id: z.string(), creationDate: z.string().optional() });
export type KeyVersion = z.infer<typeof keyVersion>;

export const keyVersionCollection = z.object({ resources: z.array(keyVersion).default([]) });

export const keyRingCollection = z.object({ resources: z.array(z.object({ id: z.string() })).default([]) });

export const instancePolicyCollection = z.object({
  resources: z
    .array(
      z.object({
        policy_type: z.string(),
        policy_data: z.object({
          enabled: z.boolean(),
          attributes: z.record(z.string(), z.unknown()).optional(),
        }),
      }),
    )
    .default([]),
});
export type InstancePolicy = z.infer<typeof instancePolicyCollection>['resources'][number];

/** Key Protect's error body; a 401 has no reasons. */
export const errorBody = z.object({
  resources: z
    .array(
      z.object({
        errorMsg: z.string(),
        reasons: z
          .array(
            z.object({
              code: z.string(),
              target: z.object({ name: z.string().optional() }).optional(),
            }),
          )
          .optional(),
      }),
    )
    .min(1),
});

const STATES: Readonly<Record<number, RootKeyState>> = {
  0: 'pre_activation',
  1: 'active',
  2: 'suspended',
  3: 'deactivated',
  5: 'destroyed',
};

/** Key states after NIST SP 800-57, as Key Protect numbers them. */
export const keyStateOf = (state: number): RootKeyState | undefined => STATES[state];
