import { type OperationCall } from '../http/operation';

/** The query parameter `confirm` of what may be a great mistake. */
export function confirmOf({ query }: OperationCall): string | undefined {
  const { confirm } = query;
  return confirm === undefined ? undefined : String(confirm);
}
