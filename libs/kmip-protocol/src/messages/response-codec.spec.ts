import { Secret } from '@lib/kernel';

import { KmipError } from '../errors';
import {
  CryptographicAlgorithm,
  KeyFormatType,
  ObjectType,
  Operation,
  ResultReason,
  ResultStatus,
} from '../spec/enumerations';
import { hex } from '../ttlv/ttlv-bytes.fixture';
import { type OperationResponse } from '../operations/operation-registry';
import { type ResponseBatchItem, type ResponseMessage } from './message.types';
import {
  decodeResponseMessage,
  encodedBatchItemLength,
  encodeResponseMessage,
  responseOverheadLength,
} from './response-codec';
import { V1_1, V1_4, versionOf } from '../protocol-version';

const KEY = Buffer.from('b8f4678313326f854dea84d28600ad03fc4a551982822f0c83575a841addf646', 'hex');
const header = { protocolVersion: V1_1, timeStamp: new Date('2025-07-03T11:23:01Z'), batchCount: 1 };

const getAnswer = (): ResponseMessage => ({
  header,
  batchItems: [
    {
      operation: Operation.Get,
      uniqueBatchItemId: hex('514C4B43 01000000'),
      resultStatus: ResultStatus.Success,
      response: {
        name: 'Get',
        payload: {
          objectType: ObjectType.SymmetricKey,
          uniqueIdentifier: '1',
          symmetricKey: {
            keyFormatType: KeyFormatType.Raw,
            keyMaterial: Secret.of(Buffer.from(KEY)),
            cryptographicAlgorithm: CryptographicAlgorithm.AES,
            cryptographicLength: 256,
          },
        },
      },
    },
  ],
});

const GET_ANSWER = hex(`
  42007B 01 00000120
    42007A 01 00000048
      420069 01 00000020
        42006A 02 00000004 00000001 00000000
        42006B 02 00000004 00000001 00000000
      420092 09 00000008 0000000068666815
      42000D 02 00000004 00000001 00000000
    42000F 01 000000C8
      42005C 05 00000004 0000000A 00000000
      420093 08 00000008 514C4B43 01000000
      42007F 05 00000004 00000000 00000000
      42007C 01 00000090
        420057 05 00000004 00000002 00000000
        420094 07 00000001 31 00000000000000
        42008F 01 00000068
          420040 01 00000060
            420042 05 00000004 00000001 00000000
            420045 01 00000028
              420043 08 00000020 b8f4678313326f854dea84d28600ad03 fc4a551982822f0c83575a841addf646
            420028 05 00000004 00000003 00000000
            42002A 02 00000004 00000100 00000000`);

describe('encodeResponseMessage', () => {
  it("answers vCenter's Get byte for byte", () => {
    expect(encodeResponseMessage(getAnswer()).toString('hex')).toBe(GET_ANSWER.toString('hex'));
  });

  it('leaves no second copy of the key: wiping the message wipes all of its memory', () => {
    const message = encodeResponseMessage(getAnswer());
    const memory = Buffer.from(message.buffer);
    expect(memory.indexOf(KEY)).toBe(memory.lastIndexOf(KEY));
    message.fill(0);
    expect(memory.indexOf(KEY)).toBe(-1);
  });

  it('counts the items itself', () => {
    const [item] = getAnswer().batchItems;
    const twice = encodeResponseMessage({ header, batchItems: [item!, item!] });
    expect(decodeResponseMessage(twice).header.batchCount).toBe(2);
  });

  it('answers a request that could not be read', () => {
    const item: ResponseBatchItem = {
      resultStatus: ResultStatus.OperationFailed,
      resultReason: ResultReason.InvalidMessage,
      resultMessage: 'Batch Count is missing',
    };
    const message = encodeResponseMessage({ header, batchItems: [item] });
    expect(decodeResponseMessage(message).batchItems).toEqual([item]);
  });

  it('writes no field that the version does not know', () => {
    const newer = {
      ...header,
      clientCorrelationValue: 'c',
      serverCorrelationValue: 's',
      attestationTypes: [1],
      nonce: [],
    };
    const decode = (minor: number) =>
      decodeResponseMessage(
        encodeResponseMessage({ header: { ...newer, protocolVersion: versionOf(1, minor) }, batchItems: [] }),
      ).header;
    expect(decode(1)).toEqual({ ...header, batchCount: 0 });
    expect(decode(4)).toMatchObject({ clientCorrelationValue: 'c', serverCorrelationValue: 's', nonce: [] });
  });
});

describe('lengths for Maximum Response Size', () => {
  it('add up to the length of the message', () => {
    const message = getAnswer();
    const [item] = message.batchItems;
    const sum = responseOverheadLength(header) + encodedBatchItemLength(item!, header.protocolVersion);
    expect(sum).toBe(encodeResponseMessage(message).length);
  });
});

describe('decodeResponseMessage', () => {
  it('gives the key as a Secret with bytes of its own', () => {
    const received = Buffer.from(GET_ANSWER);
    const [item] = decodeResponseMessage(received).batchItems;
    received.fill(0xff);
    const payload = item?.response?.name === 'Get' ? item.response.payload : undefined;
    const material = payload?.symmetricKey?.keyMaterial;
    expect(material).toBeInstanceOf(Secret);
    expect((material as Secret).expose()).toEqual(KEY);
    expect(JSON.stringify(item)).not.toContain(KEY.toString('hex'));
  });

  it('refuses the answer cut anywhere', () => {
    for (let cut = 0; cut < GET_ANSWER.length; cut += 1) {
      expect(() => decodeResponseMessage(GET_ANSWER.subarray(0, cut))).toThrow(KmipError);
    }
  });

  it('refuses an item without Result Status', () => {
    const bare = hex(`42007B 01 00000058 42007A 01 00000048 420069 01 00000020
      42006A 02 00000004 00000001 00000000 42006B 02 00000004 00000001 00000000
      420092 09 00000008 0000000068666815 42000D 02 00000004 00000001 00000000 42000F 01 00000000`);
    expect(() => decodeResponseMessage(bare)).toThrow('ResultStatus is missing');
  });

  it('passes over the payload of an operation it does not know', () => {
    const unknown = Buffer.from(GET_ANSWER);
    unknown[GET_ANSWER.indexOf(hex('42005C 05')) + 11] = 0x63;
    expect(decodeResponseMessage(unknown).batchItems[0]).toMatchObject({ operation: 0x63 });
    expect(decodeResponseMessage(unknown).batchItems[0]).not.toHaveProperty('response');
  });
});

const responses: readonly OperationResponse[] = [
  {
    name: 'DiscoverVersions',
    payload: {
      protocolVersions: [V1_4, V1_1],
    },
  },
  { name: 'DiscoverVersions', payload: { protocolVersions: [] } },
  {
    name: 'Query',
    payload: {
      operations: [1, 10],
      objectTypes: [2],
      vendorIdentification: 'v',
      serverInformation: [{ tag: 0x540001, type: 'TextString', value: 'x' }],
      applicationNamespaces: ['a', 'b'],
      other: [{ tag: 0x4200c7, type: 'Enumeration', value: 1 }],
    },
  },
  { name: 'Query', payload: {} },
  { name: 'Create', payload: { objectType: 2, uniqueIdentifier: 'a' } },
  {
    name: 'Create',
    payload: {
      objectType: 2,
      uniqueIdentifier: 'a',
      templateAttribute: { names: [{ nameValue: 'n', nameType: 1 }], attributes: [{ attributeName: 'State' }] },
    },
  },
  {
    name: 'Get',
    payload: {
      objectType: 2,
      uniqueIdentifier: 'a',
      symmetricKey: {
        keyFormatType: KeyFormatType.TransparentSymmetricKey,
        keyMaterial: [{ tag: 0x42003f, type: 'ByteString', value: Buffer.from([1]) }],
        keyValueAttributes: [
          { attributeName: 'x-a', attributeIndex: 1, attributeValue: { type: 'Integer', value: 1 } },
        ],
      },
    },
  },
  {
    name: 'Get',
    payload: {
      objectType: 2,
      uniqueIdentifier: 'a',
      symmetricKey: {
        keyFormatType: KeyFormatType.Raw,
        keyCompressionType: 1,
        wrappedKeyValue: Secret.of(Buffer.from([1, 2, 3])),
        keyWrappingData: [{ tag: 0x42009e, type: 'Enumeration', value: 1 }],
      },
    },
  },
  { name: 'Get', payload: { objectType: 2, uniqueIdentifier: 'a', symmetricKey: { keyFormatType: 1 } } },
  { name: 'GetAttributes', payload: { uniqueIdentifier: 'a', attributes: [] } },
  { name: 'GetAttributeList', payload: { uniqueIdentifier: 'a', attributeNames: ['State', 'x-a'] } },
  {
    name: 'AddAttribute',
    payload: {
      uniqueIdentifier: 'a',
      attribute: { attributeName: 'x-a', attributeValue: { type: 'TextString', value: 'v' } },
    },
  },
  { name: 'Activate', payload: { uniqueIdentifier: 'a' } },
  { name: 'Revoke', payload: { uniqueIdentifier: 'a' } },
  { name: 'Destroy', payload: { uniqueIdentifier: 'a' } },
  { name: 'Locate', payload: { locatedItems: 7, uniqueIdentifiers: ['a', 'b'] } },
  { name: 'Locate', payload: { uniqueIdentifiers: [] } },
];

describe('responses', () => {
  it.each(responses)('$name round-trips: $payload', (response) => {
    const item: ResponseBatchItem = {
      operation: Operation[response.name],
      resultStatus: ResultStatus.Success,
      asynchronousCorrelationValue: Buffer.from([9]),
      messageExtension: { vendorIdentification: 'v', criticalityIndicator: false, vendorExtension: [] },
      response,
    };
    const message = { header: { ...header, protocolVersion: V1_4 }, batchItems: [item] };
    expect(decodeResponseMessage(encodeResponseMessage(message))).toEqual(message);
  });
});
