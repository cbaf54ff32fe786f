import { type KmipClient } from '@lib/kmip-client';
import { readFileSync } from 'node:fs';

import { Bindings } from '../conformance/support/bindings';
import { type DataNode } from '../conformance/support/data-node';
import { fromJson } from '../conformance/support/json-nodes';
import { encodeNode } from '../conformance/support/node-to-ttlv';
import { describeWithVectors, vectorPath } from '../conformance/support/vectors';
import { UNKIND } from '../../apps/local-cloud/src/behaviour';
import { RunningService } from '../e2e/support/running-service';

jest.setTimeout(180_000);

/** The identifier in the recording; ours has the same length, so it can be put in its place in the bytes. */
const RECORDED_KEY = '01000000-7356-8565-621e-08ddba133224';

/** The recorded conversation in its order; the key is Pre-Active until its activation. */
const CONVERSATION = [
  'discover_versions_minimal',
  'discover_versions_with_id',
  'create_symmetric_key',
  'get_attributes_product_version',
  'get_attributes_vendor',
  'get_attributes_product',
  'add_attribute_batch',
  'get_object',
  'get_attributes_state',
  'activate_object',
  'get_attributes_identifier',
  'get_attributes_component',
  'get_attributes_name',
  'add_attribute_final_batch',
] as const;

const recording = (name: string): DataNode => {
  const [message] = JSON.parse(
    readFileSync(vectorPath(`vmware/vcenter-8.0.1/example_${name}.json`), 'utf8'),
  ) as Parameters<typeof fromJson>[0][];
  return fromJson(message!);
};

/** The recorded server put an empty Object Type structure into the Symmetric Key, which KMIP does not have there. */
function withoutStrayObjectType(node: DataNode): DataNode {
  if (typeof node.value === 'string') return node;
  const children = node.value.filter(({ tag }) => node.tag !== 'SymmetricKey' || tag !== 'ObjectType');
  return { ...node, value: children.map(withoutStrayObjectType) };
}

const bytesOf = (node: DataNode): Buffer => encodeNode(withoutStrayObjectType(node), new Bindings());

/** Puts identifiers, times and key bytes aside; everything else is compared byte for byte. */
function comparable(message: Buffer, key: string): string {
  return message
    .toString('hex')
    .replaceAll(Buffer.from(key).toString('hex'), Buffer.from(RECORDED_KEY).toString('hex'))
    .replaceAll(/420092090000000800000000[0-9a-f]{8}/g, 'TIME STAMP')
    .replaceAll(/4200430800000020[0-9a-f]{64}/g, 'KEY MATERIAL');
}

describeWithVectors('the recorded conversation of vCenter 8.0.1, replayed against the running gateway', () => {
  let service: RunningService;
  let client: KmipClient;
  let key = RECORDED_KEY;

  beforeAll(async () => {
    service = await RunningService.start({ cloud: 'unkind' });
    client = await service.kmip(0);
  });

  afterAll(async () => {
    await client.close();
    await service.remove();
  });

  it('has a key manager that is as unkind as it may be', async () => {
    expect(await service.localCloud('GET', '/behaviour')).toEqual({ ...UNKIND, rollBackMinutes: 0 });
  });

  it.each(CONVERSATION)('%s', async (name) => {
    const recorded = bytesOf(recording(`${name}_request`))
      .toString('latin1')
      .replaceAll(RECORDED_KEY, key);
    const answer = await client.sendBytes(Buffer.from(recorded, 'latin1'));
    const expected = bytesOf(recording(`${name}_response`));
    if (name === 'create_symmetric_key') key = identifierIn(answer);
    if (name.startsWith('discover_versions')) {
      // The recorded server offered 2.x as well: the frame must be the same, the list is ours.
      expect(frameOf(answer)).toBe(frameOf(expected));
      expect(answer.includes(VERSION_1_4) && answer.includes(VERSION_1_0)).toBe(true);
      return;
    }
    expect(comparable(answer, key)).toBe(comparable(expected, RECORDED_KEY));
  });
});

const version = (minor: number): Buffer =>
  Buffer.from(
    `42006901000000204200 6a0200000004000000010000000042006b0200000004 0000000${minor}00000000`.replaceAll(' ', ''),
    'hex',
  );
const VERSION_1_4 = version(4);
const VERSION_1_0 = version(0);

/** Unique Identifier: tag 420094, text string of 36 bytes. */
function identifierIn(message: Buffer): string {
  const at = message.indexOf(Buffer.from('4200940700000024', 'hex'));
  return message.subarray(at + 8, at + 44).toString('latin1');
}

/** Header, operation, batch item id and status of a Discover Versions answer, without lengths and the list. */
function frameOf(message: Buffer): string {
  const hex = message.toString('hex').replaceAll(/420092090000000800000000[0-9a-f]{8}/g, 'TIME STAMP');
  const payload = hex.indexOf('42007c01');
  return hex.slice(16, payload).replace(/42000f01[0-9a-f]{8}/, '42000f01 LENGTH');
}
