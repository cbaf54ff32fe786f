import { productAttributes, virtualMachineAttributes } from '@lib/kmip-client';

import { createKey, fetchKey, first, vcenter } from '../../e2e/support/keys';
import { type RunningService } from '../../e2e/support/running-service';

/** A virtual machine with its key. */
export interface Machine {
  readonly name: string;
  readonly key: string;
}

/** Encrypts virtual machines as vCenter does, by its whole dialogue with an endpoint. */
export async function encryptMachines(
  service: Pick<RunningService, 'kmip'>,
  names: readonly string[],
): Promise<readonly Machine[]> {
  const client = await service.kmip();
  const machines: Machine[] = [];
  for (const name of names) {
    const key = await createKey(client);
    await client.send(vcenter.addAttributes(key, productAttributes));
    await fetchKey(client, key);
    await first(client, vcenter.activate(key));
    await client.send(vcenter.addAttributes(key, virtualMachineAttributes(key, name)));
    machines.push({ name, key });
  }
  await client.close();
  return machines;
}
