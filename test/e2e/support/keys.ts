import { type KmipClient, productAttributes, vcenter } from '@lib/kmip-client';
import { Secret } from '@lib/kernel';
import { type Attribute, NameType, type ResponseBatchItem, ResultStatus, State, Tag } from '@lib/kmip-protocol';

/** First item of the answer to one message. */
export async function first(
  client: KmipClient,
  message: Parameters<KmipClient['send']>[0],
): Promise<ResponseBatchItem> {
  const { batchItems } = await client.send(message);
  const [item] = batchItems;
  if (item === undefined) throw new Error('the answer has no item');
  return item;
}

/** Creates a key as vCenter does and returns its identifier. */
export async function createKey(client: KmipClient): Promise<string> {
  const item = await first(client, vcenter.createKey());
  if (item.response?.name !== 'Create') throw new Error(`Create failed: ${item.resultMessage ?? ''}`);
  return item.response.payload.uniqueIdentifier;
}

/** The key in hex, or the server's refusal. */
export async function fetchKey(
  client: KmipClient,
  id: string,
): Promise<{ readonly hex: string } | { readonly reason: number; readonly message: string }> {
  const item = await first(client, vcenter.getKey(id));
  if (item.resultStatus !== ResultStatus.Success) {
    return { reason: item.resultReason ?? 0, message: item.resultMessage ?? '' };
  }
  if (item.response?.name !== 'Get') throw new Error('the answer is none to Get');
  const material = item.response.payload.symmetricKey?.keyMaterial;
  if (!(material instanceof Secret)) throw new Error('no raw key in the answer');
  return { hex: material.expose().toString('hex') };
}

export async function stateOf(client: KmipClient, id: string): Promise<string | undefined> {
  const item = await first(client, vcenter.getState(id));
  if (item.response?.name !== 'GetAttributes') return undefined;
  const value = item.response.payload.attributes[0]?.attributeValue?.value;
  return Object.entries(State).find(([, number]) => number === value)?.[0];
}

/** Name (KMIP 1.4 §3.2). */
export const nameAttribute = (text: string): Attribute => ({
  attributeName: 'Name',
  attributeValue: {
    type: 'Structure',
    value: [
      { tag: Tag.NameValue, type: 'TextString', value: text },
      { tag: Tag.NameType, type: 'Enumeration', value: NameType.UninterpretedTextString },
    ],
  },
});

/** As vCenter creates a key, with a Name beside. */
export async function createNamed(client: KmipClient, name: string): Promise<string> {
  const [request] = vcenter.createKey().batchItems.map((item) => item.request);
  if (request?.name !== 'Create') throw new Error('no Create');
  const { objectType, templateAttribute } = request.payload;
  const attributes = [...(templateAttribute.attributes ?? []), nameAttribute(name)];
  return (await client.create({ objectType, templateAttribute: { ...templateAttribute, attributes } }))
    .uniqueIdentifier;
}

export { productAttributes, vcenter };
