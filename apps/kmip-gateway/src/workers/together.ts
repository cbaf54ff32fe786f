import { type DependencyStatus } from '@lib/observability';

/** What several say of their dependencies: one works when it works for all, and else is told of as by the first it fails. */
export function together(all: readonly (readonly DependencyStatus[])[]): readonly DependencyStatus[] {
  const worst = new Map<string, DependencyStatus>();
  for (const status of all.flat()) {
    const known = worst.get(status.name);
    if (known === undefined || (known.ok && !status.ok)) worst.set(status.name, status);
  }
  return [...worst.values()];
}
