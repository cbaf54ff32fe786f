import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

import { Secret } from '@lib/kernel';
import { productAttributes, vcenter, type VCenterCredential, virtualMachineAttributes } from '@lib/kmip-client';
import { encodeRequestMessage, type RequestMessage } from '@lib/kmip-protocol';

import { Bindings } from './support/bindings';
import { type DataNode } from './support/data-node';
import { fromJson } from './support/json-nodes';
import { encodeNode } from './support/node-to-ttlv';
import { roundTrip } from './support/round-trip';
import { describeWithVectors, vectorFiles, vectorPath } from './support/vectors';

/** A recording is a list with one message. */
function readRecording(file: string): DataNode {
  const [message] = JSON.parse(readFileSync(vectorPath(file), 'utf8')) as Parameters<typeof fromJson>[0][];
  return fromJson(message!);
}

/** That server put an empty Object Type structure into the Symmetric Key; KMIP 1.1 §2.2.2 has a Key Block only. */
function withoutStrayObjectType(node: DataNode): DataNode {
  if (typeof node.value === 'string') return node;
  const children = node.value.filter(({ tag }) => node.tag !== 'SymmetricKey' || tag !== 'ObjectType');
  return { ...node, value: children.map(withoutStrayObjectType) };
}

const bytesOf = (file: string): Buffer => encodeNode(readRecording(file), new Bindings());

const KEY = '01000000-7356-8565-621e-08ddba133224';
const VM = '421ff8c9-d527-341c-5437-1d2d25f34490';
const credential = (): VCenterCredential => ({ username: 'vSphere', password: Secret.fromText('password') });

const dialogue: readonly [string, () => RequestMessage][] = [
  ['discover_versions_minimal', () => vcenter.probe()],
  ['discover_versions_with_id', () => vcenter.discoverVersions()],
  ['create_symmetric_key', () => vcenter.createKey(credential())],
  ['get_attributes_product_version', () => vcenter.getCustomAttribute(KEY, 'x-Product_Version')],
  ['get_attributes_vendor', () => vcenter.getCustomAttribute(KEY, 'x-Vendor')],
  ['get_attributes_product', () => vcenter.getCustomAttribute(KEY, 'x-Product')],
  ['add_attribute_batch', () => vcenter.addAttributes(KEY, productAttributes)],
  ['get_object', () => vcenter.getKey(KEY, credential())],
  ['get_attributes_state', () => vcenter.getState(KEY, credential())],
  ['activate_object', () => vcenter.activate(KEY, credential())],
  ['get_attributes_identifier', () => vcenter.getCustomAttribute(KEY, 'x-Identifier')],
  ['get_attributes_component', () => vcenter.getCustomAttribute(KEY, 'x-Component')],
  ['get_attributes_name', () => vcenter.getCustomAttribute(KEY, 'x-Name')],
  ['add_attribute_final_batch', () => vcenter.addAttributes(KEY, virtualMachineAttributes(VM, 'vm_test'))],
];

describeWithVectors('recorded messages of vCenter 8.0.1', () => {
  const files = vectorFiles('vmware', '.json');
  const isOdd = (file: string): boolean => basename(file) === 'example_get_object_response.json';

  it.each(files.filter(isOdd))('%s has a field too much inside the key, and nothing else amiss', (file) => {
    const recorded = readRecording(file);
    expect(() => roundTrip('ResponseMessage', encodeNode(recorded, new Bindings()))).toThrow(
      'Symmetric Key: ObjectType does not belong there',
    );
    const bytes = encodeNode(withoutStrayObjectType(recorded), new Bindings());
    expect(roundTrip('ResponseMessage', bytes).toString('hex')).toBe(bytes.toString('hex'));
  });

  it.each(files.filter((file) => !isOdd(file)))('%s is decoded and encoded byte for byte', (file) => {
    const bytes = bytesOf(file);
    const kind = file.endsWith('_request.json') ? 'RequestMessage' : 'ResponseMessage';
    expect(roundTrip(kind, bytes).toString('hex')).toBe(bytes.toString('hex'));
  });

  it.each(dialogue)('our client says %s as vCenter says it', (name, build) => {
    const file = files.find((candidate) => basename(candidate) === `example_${name}_request.json`);
    expect(file).toBeDefined();
    expect(encodeRequestMessage(build()).toString('hex')).toBe(bytesOf(file!).toString('hex'));
  });

  it('our client says every recorded request', () => {
    const recorded = files.filter((file) => file.endsWith('_request.json')).map((file) => basename(file));
    expect(dialogue.map(([name]) => `example_${name}_request.json`).sort()).toEqual(recorded.sort());
  });
});

describe('sizes that vCenter 7.0.3 put on the wire', () => {
  const uid = '1';
  it.each([
    ['Discover Versions without an item id', vcenter.probe(), 104],
    ['Discover Versions', vcenter.discoverVersions(), 120],
    ['Query', vcenter.queryServerInformation(), 136],
    ['Create', vcenter.createKey(), 312],
    ['Get', vcenter.getKey(uid), 136],
    ['Get Attributes of the State', vcenter.getState(uid), 152],
    ['Activate', vcenter.activate(uid), 136],
  ])('%s', (_name, message, length) => expect(encodeRequestMessage(message)).toHaveLength(length));
});
