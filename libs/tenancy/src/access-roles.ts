/** `<noun>.<verb>`; IAM knows them as `<service>.<noun>.<verb>`. Every operation of the API names exactly one. */
export const ACTIONS = [
  'instance.read',
  'instance.update',
  'certificate.read',
  'certificate.create',
  'certificate.update',
  'certificate.delete',
  'kmip-credential.read',
  'kmip-credential.create',
  'kmip-credential.delete',
  'root-key.read',
  'root-key.check',
  'root-key.set',
  'root-key.unset',
  'key-manager.list',
  'credential.read',
  'credential.set',
  'credential.unset',
  'key.list',
  'key.read',
  'key.update',
  'key.delete',
  'audit.read',
  'usage.read',
  'webhook.read',
  'webhook.set',
  'webhook.unset',
] as const;

export type Action = (typeof ACTIONS)[number];

/** IAM's platform roles, then its service roles. */
export const ROLES = ['viewer', 'operator', 'editor', 'administrator', 'reader', 'writer', 'manager'] as const;

export type Role = (typeof ROLES)[number];

const VIEWER: readonly Action[] = ['instance.read', 'usage.read'];
const READER: readonly Action[] = [...VIEWER, 'certificate.read', 'root-key.read', 'key.list', 'key.read'];
const WRITER: readonly Action[] = [...READER, 'root-key.check'];

/**
 * What each role may do; the same table is registered with IAM. Whatever decides who gets keys, or ends them,
 * needs Manager; platform roles see the instance but not what is in it.
 */
export const ROLE_ACTIONS: Readonly<Record<Role, readonly Action[]>> = {
  viewer: VIEWER,
  operator: VIEWER,
  editor: VIEWER,
  administrator: [...VIEWER, 'audit.read'],
  reader: READER,
  writer: WRITER,
  manager: ACTIONS,
};

/** The table as IAM is told it: each action with the display names of the roles that hold it. */
export function registeredActions(serviceName: string): { readonly id: string; readonly roles: readonly string[] }[] {
  const display = (role: Role): string => role.charAt(0).toUpperCase() + role.slice(1);
  return ACTIONS.map((action) => ({
    id: `${serviceName}.${action}`,
    roles: ROLES.filter((role) => ROLE_ACTIONS[role].includes(action)).map(display),
  }));
}
