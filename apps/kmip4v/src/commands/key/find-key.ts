import { type TenantApi } from '@lib/tenant-api-client';

import { EXIT } from '../../command-line/exit-codes';
import { CommandFault, usageFault } from '../../command-line/faults';
import { answerOf } from '../../tenant/asking';
import { isId } from '../../tenant/instance';
import { type Key } from '../../tenant/resources';

/** Where vCenter writes the name of the machine that a key belongs to. */
export const machineAttribute = (name: string): string => `x-Name=${name}`;

const MOST_NAMED = 10;

/** By identifier, KMIP name, or the name of its machine. @throws CommandFault when there is none, or more than one */
export async function findKey(api: TenantApi, instance: string, named: string): Promise<Key> {
  const path = { instance_id: instance };
  if (isId(named)) {
    const params = { path: { ...path, id: named } };
    return await answerOf(api.GET('/v1/instances/{instance_id}/keys/{id}', { params }));
  }
  for (const query of [{ name: named }, { attribute: machineAttribute(named) }]) {
    const params = { path, query: { ...query, limit: MOST_NAMED } };
    const { keys } = await answerOf(api.GET('/v1/instances/{instance_id}/keys', { params }));
    if (keys.length > 1) {
      const ids = keys.map(({ id, state }) => `${id} (${state})`).join(', ');
      const which = `give the identifier of one: ${ids}. Which of them a re-keyed VM uses now, kmip4v vcenter inventory says`;
      throw usageFault(`more than one key belongs to ${named}`, which);
    }
    const [key] = keys;
    if (key !== undefined) return key;
  }
  throw new CommandFault(EXIT.notFound, `there is no key ${named}`, 'kmip4v key list');
}
