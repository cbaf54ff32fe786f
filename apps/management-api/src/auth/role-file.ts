import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { DomainError } from '@lib/kernel';

import { ROLES } from '@lib/tenancy';
import { type RoleAssignment } from './local-role-map';

export class RoleFileError extends DomainError {
  readonly code = 'role_file_unusable';
}

const CONTENT = z.array(
  z.strictObject({
    iamId: z.string().min(1),
    accountId: z.string().min(1),
    roles: z.array(z.enum(ROLES)),
    instanceId: z.string().optional(),
  }),
);

/** @throws RoleFileError, which says where the fault is and not what is there */
export async function readRoleFile(path: string): Promise<readonly RoleAssignment[]> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new RoleFileError(`${path}: the file cannot be read, or is not JSON`, { cause });
  }
  const parsed = CONTENT.safeParse(content);
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => issue.path.join('.') || 'the list');
    throw new RoleFileError(`${path}: not a list of role assignments (${places.join(', ')})`);
  }
  return parsed.data.map(({ instanceId, ...rest }) => ({ ...rest, ...(instanceId !== undefined && { instanceId }) }));
}
