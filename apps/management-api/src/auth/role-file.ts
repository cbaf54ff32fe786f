import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { decodeTextFile, DomainError } from '@lib/kernel';

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
  const content = parseJson(path, decodeTextFile(await readBytes(path)));
  const parsed = CONTENT.safeParse(content);
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => issue.path.join('.') || 'the list');
    throw new RoleFileError(`${path}: not a list of role assignments (${places.join(', ')})`);
  }
  return parsed.data.map(({ instanceId, ...rest }) => ({ ...rest, ...(instanceId !== undefined && { instanceId }) }));
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new RoleFileError(`${path}: the file cannot be read`, { cause });
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The cause would quote the text.
    throw new RoleFileError(`${path}: the file is not JSON`);
  }
}
