import { useMutation, type UseMutationResult, useQueryClient } from '@tanstack/react-query';

import { keyOf, type Topic } from './queries';

/**
 * Something that changes an instance. What it touches is fetched anew in any case: a change whose answer was lost may
 * have been made. Whoever asked for it is told first: with the new data he may not be on the page any more.
 */
export function useChange<R, A = void>(
  instanceId: string,
  topics: readonly Topic[],
  change: (argument: A) => Promise<R>,
): UseMutationResult<R, Error, A> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => {
      for (const topic of topics) void queries.invalidateQueries({ queryKey: keyOf(instanceId, topic) });
    },
  });
}

/** As much of a change as whoever asks for a yes needs, of whatever it answers. */
export interface Change {
  readonly isPending: boolean;
  readonly error: Error | null;
  mutate(argument: undefined, options: { readonly onSuccess: () => void }): void;
}
