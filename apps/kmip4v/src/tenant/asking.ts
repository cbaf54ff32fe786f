import { answerOf, pagesOf, TenantApiError } from '@lib/tenant-api-client';

import { type Context } from '../command-line/context';
import { usageFault } from '../command-line/faults';
import { type Answer, shown, told } from '../output/answer';
import { plainLines } from '../output/plain-text';
import { type Columns } from '../output/table';

export { answerOf };

/** What is defined of it: a query holds nothing that was not given. */
export const present = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  // The entries that are left are of these types.
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

interface Page {
  readonly next?: { readonly start: string };
}

/** Of a page's query: how much, and from where. */
interface PageQuery {
  readonly limit: number;
  readonly start?: string;
}

const LARGEST_PAGE = 100;

/** All resources of a collection, or the first of them. @param isEnd of the first that is not wanted any more */
export async function collected<P extends Page, T>(
  ask: (page: PageQuery) => Promise<{ data?: P; response: Response }>,
  itemsOf: (page: P) => readonly T[],
  most = Infinity,
  isEnd: (item: T) => boolean = () => false,
): Promise<readonly T[]> {
  const found: T[] = [];
  const limit = Math.min(most, LARGEST_PAGE);
  for await (const page of pagesOf((start) => ask({ limit, ...(start !== undefined && { start }) }))) {
    const items = itemsOf(page);
    const end = items.findIndex(isEnd);
    found.push(...(end < 0 ? items : items.slice(0, end)));
    if (end >= 0 || found.length >= most) break;
  }
  return found.slice(0, most);
}

/** @throws CommandFault unless it is a number of things */
export function countIn(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw usageFault(`${option} takes a number, 1 or more`);
  return Number(text);
}

/**
 * Asks, and where the service wants the name of what would be lost, asks the person at the terminal for it. Where there
 * is no terminal the refusal stands: it says which name `--confirm` needs.
 */
export async function confirmed<T>(
  { ask, out }: Pick<Context, 'ask' | 'out'>,
  confirm: string | undefined,
  call: (query: { readonly confirm?: string }) => Promise<T>,
): Promise<T> {
  try {
    return await call(present({ confirm }));
  } catch (error) {
    const isWanted = error instanceof TenantApiError && error.has('confirmation_required');
    if (!isWanted || confirm !== undefined || !ask.isPossible) throw error;
    out.note(plainLines(error.message));
    return await call({ confirm: await ask.line('Type the name to confirm: ', '--confirm NAME') });
  }
}

/** The name that a guard wants, typed now or given before. `--yes` is no answer to it. */
export const nameTyped = async ({ ask }: Context, confirm: string | undefined, question: string): Promise<string> =>
  confirm ?? (await ask.line(`${question} `, '--confirm NAME'));

/** Header of a call that is only tried. */
export const trial = (dryRun: boolean): { readonly 'IBM-API-Dry-Run'?: 'validate' } =>
  dryRun ? { 'IBM-API-Dry-Run': 'validate' } : {};

/** A resource as it is after the call, or that the dry run, which answers with nothing, found no fault. */
export const shownOrTried = <T>(resource: T | undefined, fields: Columns<T>): Answer =>
  resource === undefined ? told('The dry run found no fault; nothing was changed.') : shown(resource, fields);
