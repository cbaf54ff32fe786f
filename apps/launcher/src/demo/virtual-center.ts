import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { KmipClient, productAttributes, vcenter } from '@lib/kmip-client';
import {
  type OperationName,
  type OperationResponses,
  ResultStatus,
  State,
  type RequestMessage,
} from '@lib/kmip-protocol';
import { Secret } from '@lib/kernel';

import { type ConnectionFile } from '../connection-file';

/** Whom vCenter makes a key for. */
export interface KeyOwner {
  readonly component: 'Virtual Machine' | 'ESXi Server';
  readonly name: string;
  readonly identifier: string;
}

/** The server refused an operation; its Result Message is what vCenter would show. */
export class Refused extends Error {}

/** Plays vCenter: a new connection for each action, the exact requests, the order vCenter has them in. */
export class VirtualCenter {
  private constructor(
    private readonly connection: ConnectionFile,
    private readonly serverCa: string,
    private readonly certificate: string,
    private readonly key: string,
  ) {}

  static async from(connection: ConnectionFile): Promise<VirtualCenter> {
    const [serverCa, certificate, key] = await Promise.all(
      [connection.kmip.serverCa, connection.kmip.clientCertificate, connection.kmip.clientKey].map((file) =>
        readFile(file, 'utf8'),
      ),
    );
    return new VirtualCenter(connection, serverCa ?? '', certificate ?? '', key ?? '');
  }

  /** What happens when an administrator adds the key provider and establishes trust. @returns the vendor's name */
  async establishTrust(endpoint: number): Promise<string> {
    await this.#action(endpoint, () => Promise.resolve());
    await this.healthCheck(endpoint);
    return await this.#action(endpoint, async (client) => {
      const { vendorIdentification } = await ask(client, 'Query', vcenter.queryServerInformation());
      return vendorIdentification ?? 'unnamed';
    });
  }

  async healthCheck(endpoint: number): Promise<void> {
    await this.#action(endpoint, async (client) => {
      await ask(client, 'DiscoverVersions', vcenter.discoverVersions());
    });
  }

  /** Creates a key and tags it, then fetches and activates it and ties it to its owner. @returns its identifier */
  async encrypt(owner: KeyOwner): Promise<string> {
    const id = await this.#action(
      0,
      async (client) => (await ask(client, 'Create', vcenter.createKey())).uniqueIdentifier,
    );
    // vCenter tags a key on one connection while it fetches and activates it on another; endpoints may differ.
    await Promise.all([this.#tag(0, id, productAttributes), this.#use(1, id)]);
    await this.#tag(1, id, { 'x-Identifier': owner.identifier, 'x-Component': owner.component, 'x-Name': owner.name });
    return id;
  }

  /** SHA-256 of the key as served now; the key itself is wiped. @throws Refused */
  async fetch(endpoint: number, id: string): Promise<string> {
    return await this.#action(endpoint, async (client) => {
      const { symmetricKey } = await ask(client, 'Get', vcenter.getKey(id));
      const material = symmetricKey?.keyMaterial;
      if (!(material instanceof Secret)) throw new Refused('the answer holds no raw key');
      const digest = createHash('sha256').update(material.expose()).digest('hex');
      material.wipe();
      return digest;
    });
  }

  async describe(id: string): Promise<{ readonly owner: string; readonly state: string }> {
    return await this.#action(0, async (client) => {
      const text = async (name: string): Promise<string> => {
        const { attributes } = await ask(client, 'GetAttributes', vcenter.getCustomAttribute(id, name));
        const value = attributes[0]?.attributeValue;
        return value?.type === 'TextString' ? value.value : '';
      };
      const owner = `${await text('x-Component')} ${await text('x-Name')}`;
      const { attributes } = await ask(client, 'GetAttributes', vcenter.getState(id));
      const state = attributes[0]?.attributeValue?.value;
      return { owner, state: Object.entries(State).find(([, value]) => value === state)?.[0] ?? 'unknown' };
    });
  }

  async #use(endpoint: number, id: string): Promise<void> {
    await this.#action(endpoint, async (client) => {
      await ask(client, 'Get', vcenter.getKey(id));
      const { attributes } = await ask(client, 'GetAttributes', vcenter.getState(id));
      if (attributes[0]?.attributeValue?.value === State.PreActive) await ask(client, 'Activate', vcenter.activate(id));
    });
  }

  async #tag(endpoint: number, id: string, attributes: Readonly<Record<string, string>>): Promise<void> {
    await this.#action(endpoint, async (client) => {
      for (const name of Object.keys(attributes))
        await ask(client, 'GetAttributes', vcenter.getCustomAttribute(id, name));
      await ask(client, 'AddAttribute', vcenter.addAttributes(id, attributes));
    });
  }

  /** One connection: the probe without a batch item id, the requests, the end. */
  async #action<T>(endpoint: number, requests: (client: KmipClient) => Promise<T>): Promise<T> {
    const client = await KmipClient.connect({
      host: this.connection.kmip.host,
      port: this.connection.kmip.ports[endpoint] ?? 0,
      clientCertificatePem: this.certificate,
      clientKeyPem: Secret.fromText(this.key),
      serverTrust: { caPem: this.serverCa },
    });
    try {
      await ask(client, 'DiscoverVersions', vcenter.probe());
      return await requests(client);
    } finally {
      await client.close();
    }
  }
}

/** Sends one message of vCenter's and returns the payload of its first item; every item must have succeeded. */
async function ask<N extends OperationName>(
  client: KmipClient,
  name: N,
  message: RequestMessage,
): Promise<OperationResponses[N]> {
  const { batchItems } = await client.send(message);
  const failed = batchItems.find(({ resultStatus }) => resultStatus !== ResultStatus.Success);
  if (failed !== undefined) throw new Refused(failed.resultMessage ?? 'refused without a message');
  const [first] = batchItems;
  if (first?.response?.name !== name) throw new Refused(`the answer is none to ${name}`);
  return first.response.payload as OperationResponses[N];
}
