import { useQuery } from '@tanstack/react-query';

import { isBackground } from './activity';
import { keyOf } from './queries';
import { Problem } from './problem';

/** Of one action, as the service judges it; what the console offers follows from it and decides nothing. */
export interface Permission {
  readonly action: string;
  readonly allowed: boolean;
  readonly needed_role?: string;
}

async function readPermissions(instanceId: string, signal: AbortSignal): Promise<readonly Permission[]> {
  const response = await fetch(`/console/api/v1/instances/${encodeURIComponent(instanceId)}/permissions`, {
    headers: { accept: 'application/json', ...(isBackground() && { 'x-background': '1' }) },
    signal,
  });
  if (!response.ok) throw Problem.from(response, await response.text());
  return ((await response.json()) as { permissions: readonly Permission[] }).permissions;
}

export interface Verdict {
  readonly allowed: boolean;
  readonly neededRole?: string;
}

interface Permissions {
  /** Whether the caller may do something; yes where it is not known, since the service decides in any case. */
  readonly may: (action: string) => Verdict;
  /** Nothing is known yet: what is asked meanwhile might be refused, and stand in the trail. */
  readonly isPending: boolean;
}

export function usePermissions(instanceId: string): Permissions {
  const { data, isPending } = useQuery({
    queryKey: keyOf(instanceId, 'permissions'),
    queryFn: ({ signal }) => readPermissions(instanceId, signal),
    staleTime: 60_000,
  });
  const may = (action: string): Verdict => {
    const found = data?.find((permission) => permission.action === action);
    if (found === undefined) return { allowed: true };
    return { allowed: found.allowed, ...(found.needed_role !== undefined && { neededRole: found.needed_role }) };
  };
  return { may, isPending };
}
