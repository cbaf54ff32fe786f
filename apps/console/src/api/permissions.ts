import { useQuery } from '@tanstack/react-query';

import { permissionsQuery } from './queries';
import { type Schemas } from './schema';

/** Roles as the service names them. */
export type Role = Schemas['InstancePermission']['needed_role'];

/** Of one action, as the service judges it; what the console offers follows from it and decides nothing. */
export interface Verdict {
  readonly allowed: boolean;
  readonly neededRole?: Role;
}

interface Permissions {
  /** Whether the caller may do something; yes where it is not known, since the service decides in any case. */
  readonly may: (action: string) => Verdict;
  /** Nothing is known yet: what is asked meanwhile might be refused, and stand in the trail. */
  readonly isPending: boolean;
}

export function usePermissions(instanceId: string): Permissions {
  const { data, isPending } = useQuery(permissionsQuery(instanceId));
  const may = (action: string): Verdict => {
    const found = data?.find((permission) => permission.action === action);
    return found === undefined ? { allowed: true } : { allowed: found.allowed, neededRole: found.needed_role };
  };
  return { may, isPending };
}
