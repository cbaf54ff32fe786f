import { answerOf, pagesOf, type TenantApi } from '@lib/tenant-api-client';

import { EXIT } from '../command-line/exit-codes';
import { CommandFault, usageFault } from '../command-line/faults';
import { type Instance } from './resources';
import { counted } from '../output/counted';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isId = (text: string): boolean => UUID.test(text);

/** @param named identifier, CRN or name; without it the only one there is */
export async function instanceIdOf(api: TenantApi, named: string | undefined): Promise<string> {
  if (named !== undefined && isId(named)) return named.toLowerCase();
  const instances = await allInstances(api);
  if (named === undefined) return theOnly(instances);
  const found = instances.filter(({ name, crn }) => name === named || crn === named);
  if (found.length > 1)
    throw usageFault(`${counted(found.length, 'instance')} are called ${named}`, 'give the identifier of one');
  const [instance] = found;
  if (instance === undefined) {
    throw new CommandFault(EXIT.notFound, `there is no instance ${named}`, 'kmip4v instance list');
  }
  return instance.id;
}

function theOnly(instances: readonly Instance[]): string {
  const [only, ...others] = instances;
  if (only === undefined) throw new CommandFault(EXIT.notFound, 'there is no instance that you may see');
  if (others.length > 0) {
    throw usageFault(
      'it is not clear which instance is meant',
      `--instance with one of: ${instances.map(({ name }) => name).join(', ')}`,
    );
  }
  return only.id;
}

export async function allInstances(api: TenantApi): Promise<readonly Instance[]> {
  const found: Instance[] = [];
  const pages = pagesOf((start) =>
    api.GET('/v1/instances', { params: { query: { limit: 100, ...(start !== undefined && { start }) } } }),
  );
  for await (const { instances } of pages) found.push(...instances);
  return found;
}

export const instanceOf = async (api: TenantApi, id: string): Promise<Instance> =>
  await answerOf(api.GET('/v1/instances/{id}', { params: { path: { id } } }));
