import { type RoleName } from '../iam/roles';

const READERS: readonly RoleName[] = ['Reader', 'ReaderPlus', 'Writer', 'Manager'];
const PAYLOAD_READERS: readonly RoleName[] = ['ReaderPlus', 'Writer', 'Manager'];
const WRITERS: readonly RoleName[] = ['Writer', 'Manager'];
const MANAGERS: readonly RoleName[] = ['Manager'];
const PURGERS: readonly RoleName[] = ['KeyPurge'];

interface KmsOperation {
  /** Any of these on the key, its ring or its instance. */
  readonly roles: readonly RoleName[];
  readonly writes: boolean;
  /** How its error text begins. */
  readonly failed: string;
}

/** Every call by its name in IAM and in the audit log: who may make it, and what is said when it fails. */
export const KMS_OPERATIONS = {
  'secrets.list': { roles: READERS, writes: false, failed: 'Keys could not be retrieved' },
  'secrets.head': { roles: READERS, writes: false, failed: 'Keys could not be retrieved' },
  'secrets.create': { roles: WRITERS, writes: true, failed: 'Key could not be created' },
  'secrets.read': { roles: PAYLOAD_READERS, writes: false, failed: 'Key could not be retrieved' },
  'secrets-metadata.read': { roles: READERS, writes: false, failed: 'Key metadata could not be retrieved' },
  'secrets-key-versions.list': { roles: READERS, writes: false, failed: 'Key versions could not be retrieved' },
  'secrets.wrap': { roles: READERS, writes: false, failed: 'Wrap with key could not be performed' },
  'secrets.unwrap': { roles: READERS, writes: false, failed: 'Unwrap with key could not be performed' },
  'secrets.rewrap': { roles: READERS, writes: false, failed: 'Rewrap with key could not be performed' },
  'secrets.rotate': { roles: WRITERS, writes: true, failed: 'Action could not be performed on key' },
  'secrets.disable': { roles: MANAGERS, writes: true, failed: 'Key could not be disabled' },
  'secrets.enable': { roles: MANAGERS, writes: true, failed: 'Key could not be enabled' },
  'secrets.patch': { roles: MANAGERS, writes: true, failed: 'Key could not be updated' },
  'secrets.delete': { roles: MANAGERS, writes: true, failed: 'Key could not be deleted' },
  'secrets.restore': { roles: MANAGERS, writes: true, failed: 'Key could not be restored' },
  'secrets.purge': { roles: PURGERS, writes: true, failed: 'Key could not be purged' },
  'secrets.setkeyfordeletion': { roles: WRITERS, writes: true, failed: 'Action could not be performed on key' },
  'secrets.unsetkeyfordeletion': { roles: WRITERS, writes: true, failed: 'Action could not be performed on key' },
  'secrets-alias.create': { roles: WRITERS, writes: true, failed: 'Alias could not be created' },
  'secrets-alias.delete': { roles: WRITERS, writes: true, failed: 'Alias could not be deleted' },
  'key-rings.list': { roles: READERS, writes: false, failed: 'Key rings could not be retrieved' },
  'key-rings.create': { roles: WRITERS, writes: true, failed: 'Key ring could not be created' },
  'key-rings.delete': { roles: MANAGERS, writes: true, failed: 'Key ring could not be deleted' },
  'policies.read': { roles: MANAGERS, writes: false, failed: 'Key policy could not be retrieved' },
  'policies.write': { roles: MANAGERS, writes: true, failed: 'Key policy could not be created' },
  'instance-policies.read': { roles: MANAGERS, writes: false, failed: 'Instance policy could not be retrieved' },
  'instance-policies.write': { roles: MANAGERS, writes: true, failed: 'Instance policy could not be created' },
  'import-token.create': { roles: WRITERS, writes: true, failed: 'Import Token could not be created' },
  'import-token.read': { roles: WRITERS, writes: false, failed: 'Import Token could not be retrieved' },
  'registrations.list': { roles: READERS, writes: false, failed: 'Registrations could not be retrieved' },
  'registrations.create': { roles: READERS, writes: true, failed: 'Registration could not be created' },
} as const satisfies Record<string, KmsOperation>;

export type OperationName = keyof typeof KMS_OPERATIONS;

/** Route options that name the operation; every hook and the error handler read it from there. */
export const operation = (name: OperationName) => ({
  config: { operation: name, writes: KMS_OPERATIONS[name].writes },
});

export const isOperation = (name: string | undefined): name is OperationName =>
  name !== undefined && Object.hasOwn(KMS_OPERATIONS, name);
