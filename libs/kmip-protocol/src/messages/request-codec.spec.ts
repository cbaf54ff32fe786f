import { Secret } from '@lib/kernel';
import * as fc from 'fast-check';

import { KmipError } from '../errors';
import { CredentialType, ObjectType, Operation, ResultReason } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { anyValue, textWithoutZero } from '../ttlv/ttlv.fixture';
import { bytes, enumeration, hex, integer, structure, text, ttlv } from '../ttlv/ttlv-bytes.fixture';
import { TtlvWriter } from '../ttlv/ttlv-writer';
import { type Credential } from '../objects/object.types';
import { type OperationRequest } from '../operations/operation-registry';
import { type RequestHeader, type RequestMessage } from './message.types';
import { peekOperations, peekProtocolVersion } from './message-frame';
import { decodeRequestMessage, encodeRequestMessage } from './request-codec';
import { V1_0, V1_1, V1_4, versionOf } from '../protocol-version';

const version = (major: number, minor: number): Buffer =>
  structure(Tag.ProtocolVersion, integer(Tag.ProtocolVersionMajor, major), integer(Tag.ProtocolVersionMinor, minor));
const header = (count: number, ...between: Buffer[]): Buffer =>
  structure(Tag.RequestHeader, version(1, 1), ...between, integer(Tag.BatchCount, count));
const item = (operation: number, ...rest: Buffer[]): Buffer =>
  structure(Tag.BatchItem, enumeration(Tag.Operation, operation), ...rest);
const payload = (...children: Buffer[]): Buffer => structure(Tag.RequestPayload, ...children);
const message = (...children: Buffer[]): Buffer => structure(Tag.RequestMessage, ...children);

const getItem = item(Operation.Get, payload(text(Tag.UniqueIdentifier, '1')));
const brokenItem = item(Operation.Get, payload(integer(Tag.UniqueIdentifier, 1)));

function errorOf(attempt: () => unknown): KmipError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof KmipError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** vCenter's Get of key "1", as it travels. */
const VCENTER_GET = hex(`
  420078 01 00000080
    420077 01 00000038
      420069 01 00000020
        42006A 02 00000004 00000001 00000000
        42006B 02 00000004 00000001 00000000
      42000D 02 00000004 00000001 00000000
    42000F 01 00000038
      42005C 05 00000004 0000000A 00000000
      420093 08 00000008 514C4B43 01000000
      420079 01 00000010
        420094 07 00000001 31 00000000000000`);

/** An Activate of IBM Db2 11.1, as P6R published it (p6r.com, "The KMIP bug report: Db2 KMIP client", 2018). */
const DB2_ACTIVATE = hex(`
  420078 01 000000C0
    420077 01 00000078
      420069 01 00000020
        42006A 02 00000004 00000001 00000000
        42006B 02 00000004 00000000 00000000
      42000C 01 00000038
        420023 01 00000030
          420024 05 00000004 80000001 00000000
          420025 08 00000018
            540001 01 00000010
              540004 07 00000003 444232 0000000000
      42000D 02 00000004 00000001 00000000
    42000F 01 00000038
      42005C 05 00000004 00000012 00000000
      420079 01 00000020
        420094 07 00000018 41574D6B736570694A54625A49734F5F30584F72 00000000`);

const opaqueValue = (credential: Credential | undefined): Buffer | undefined =>
  credential !== undefined && 'encodedValue' in credential ? credential.encodedValue.expose() : undefined;

describe('decodeRequestMessage', () => {
  it("reads vCenter's Get", () => {
    expect(decodeRequestMessage(VCENTER_GET)).toEqual({
      header: { protocolVersion: V1_1, batchCount: 1 },
      batchItems: [
        {
          operation: Operation.Get,
          uniqueBatchItemId: hex('514C4B43 01000000'),
          request: { name: 'Get', payload: { uniqueIdentifier: '1' } },
        },
      ],
    });
  });

  it('refuses that message cut anywhere', () => {
    for (let cut = 0; cut < VCENTER_GET.length; cut += 1) {
      expect(errorOf(() => decodeRequestMessage(VCENTER_GET.subarray(0, cut))).reason).toBe(
        ResultReason.InvalidMessage,
      );
    }
  });

  it('keeps nothing that aliases the receive buffer', () => {
    const received = Buffer.from(VCENTER_GET);
    const [got] = decodeRequestMessage(received).batchItems;
    received.fill(0xff);
    expect(got?.uniqueBatchItemId).toEqual(hex('514C4B43 01000000'));
    expect(got?.request).toEqual({ name: 'Get', payload: { uniqueIdentifier: '1' } });
  });

  it('takes header fields in the wrong order, as FortiOS sends them', () => {
    const fortios = message(
      structure(
        Tag.RequestHeader,
        integer(Tag.MaximumResponseSize, 65536),
        version(1, 0),
        ttlv(Tag.BatchOrderOption, 6, hex('0000000000000001')),
        enumeration(Tag.BatchErrorContinuationOption, 1),
        integer(Tag.BatchCount, 1),
      ),
      getItem,
    );
    expect(decodeRequestMessage(fortios).header).toEqual({
      protocolVersion: V1_0,
      maximumResponseSize: 65536,
      batchOrderOption: true,
      batchErrorContinuationOption: 1,
      batchCount: 1,
    });
  });

  it('unwraps filters of Locate from a Template-Attribute', () => {
    const filter = structure(Tag.Attribute, text(Tag.AttributeName, 'Object Group'), text(Tag.AttributeValue, 'group'));
    const locate = item(
      Operation.Locate,
      payload(integer(Tag.MaximumItems, 1), structure(Tag.TemplateAttribute, filter), filter),
    );
    const attribute = { attributeName: 'Object Group', attributeValue: { type: 'TextString', value: 'group' } };
    expect(decodeRequestMessage(message(header(1), locate)).batchItems[0]?.request?.payload).toEqual({
      maximumItems: 1,
      attributes: [attribute, attribute],
    });
  });

  it.each([
    ['a payload of wrong type', brokenItem, ResultReason.InvalidMessage],
    ['a payload without what it must have', item(Operation.Create, payload()), ResultReason.MissingData],
    ['an unknown field', item(Operation.Get, payload(integer(0x420fff, 1))), ResultReason.InvalidField],
    ['no payload', item(Operation.Get), ResultReason.InvalidMessage],
    [
      'a payload damaged several levels down',
      item(
        Operation.Create,
        payload(
          enumeration(Tag.ObjectType, 2),
          structure(Tag.TemplateAttribute, structure(Tag.Attribute, ttlv(Tag.AttributeName, 7, Buffer.alloc(8), 99))),
        ),
      ),
      ResultReason.InvalidMessage,
    ],
  ])('%s spoils its own item only', (_name, broken, reason) => {
    const { batchItems } = decodeRequestMessage(message(header(3), getItem, broken, getItem));
    expect(batchItems.map(({ payloadError }) => payloadError?.reason)).toEqual([undefined, reason, undefined]);
    expect(batchItems[1]?.request).toBeUndefined();
    expect(batchItems[2]?.request).toEqual({ name: 'Get', payload: { uniqueIdentifier: '1' } });
  });

  it('hands over an operation it does not know without its payload', () => {
    const { batchItems } = decodeRequestMessage(message(header(1), item(0x99, payload(integer(0x420fff, 1)))));
    expect(batchItems).toEqual([{ operation: 0x99 }]);
  });

  it('carries a message extension, for the engine to refuse when it is critical', () => {
    const extension = structure(
      Tag.MessageExtension,
      text(Tag.VendorIdentification, 'ACME'),
      ttlv(Tag.CriticalityIndicator, 6, hex('0000000000000001')),
      structure(Tag.VendorExtension, text(0x540001, 'x')),
    );
    const get = item(Operation.Get, payload(), extension);
    expect(decodeRequestMessage(message(header(1), get)).batchItems[0]?.messageExtension).toEqual({
      vendorIdentification: 'ACME',
      criticalityIndicator: true,
      vendorExtension: [{ tag: 0x540001, type: 'TextString', value: 'x' }],
    });
  });

  it.each([
    ['nothing at all', Buffer.alloc(0)],
    ['a Response Message', structure(Tag.ResponseMessage, header(1), getItem)],
    ['bytes behind the message', Buffer.concat([message(header(1), getItem), integer(Tag.BatchCount, 1)])],
    ['an item before the header', message(getItem, header(1))],
    ['a header without version', message(structure(Tag.RequestHeader, integer(Tag.BatchCount, 1)), getItem)],
    ['a header without Batch Count', message(structure(Tag.RequestHeader, version(1, 1)), getItem)],
    ['a Batch Count that is too low', message(header(1), getItem, getItem)],
    ['a Batch Count that is too high', message(header(3), getItem)],
    ['a version twice', message(header(1, version(1, 1)), getItem)],
    ['a Batch Count twice', message(header(1, integer(Tag.BatchCount, 1)), getItem)],
    ['something between the items', message(header(1), integer(Tag.BatchCount, 1), getItem)],
    ['an item without Operation', message(header(1), structure(Tag.BatchItem, payload()))],
    [
      'a payload before the Operation',
      message(header(1), structure(Tag.BatchItem, payload(), enumeration(Tag.Operation, 10))),
    ],
    ['two Operations in an item', message(header(1), item(10, enumeration(Tag.Operation, 10), payload()))],
    ['two payloads in an item', message(header(1), item(10, payload(), payload()))],
    ['a stray field in an item', message(header(1), item(10, integer(Tag.BatchCount, 1), payload()))],
    [
      'a major version that is not ours',
      message(structure(Tag.RequestHeader, version(2, 1), integer(Tag.BatchCount, 1)), getItem),
    ],
    [
      'a negative minor version',
      message(structure(Tag.RequestHeader, version(1, -1), integer(Tag.BatchCount, 1)), getItem),
    ],
    [
      'a credential without a type',
      message(header(1, structure(Tag.Authentication, structure(Tag.Credential))), getItem),
    ],
  ])('refuses %s as a whole', (_name, bytesOfIt) => {
    expect(errorOf(() => decodeRequestMessage(bytesOfIt)).reason).toBe(ResultReason.InvalidMessage);
  });

  it('refuses an unknown header field of a known version and skips it in a newer one', () => {
    const stray = integer(0x420fff, 1);
    expect(errorOf(() => decodeRequestMessage(message(header(1, stray), getItem))).reason).toBe(
      ResultReason.InvalidField,
    );
    const newer = structure(Tag.RequestHeader, version(1, 5), stray, integer(Tag.BatchCount, 1));
    const newerItem = item(Operation.Get, stray, payload(stray, text(Tag.UniqueIdentifier, '1')));
    const decoded = decodeRequestMessage(message(newer, stray, newerItem));
    expect(decoded.header.protocolVersion).toEqual({ major: 1, minor: 5 });
    expect(decoded.batchItems[0]?.request?.payload).toEqual({ uniqueIdentifier: '1' });
  });

  it('reads a username and keeps the password out of sight', () => {
    const authentication = structure(
      Tag.Authentication,
      structure(
        Tag.Credential,
        enumeration(Tag.CredentialType, CredentialType.UsernameAndPassword),
        structure(Tag.CredentialValue, text(Tag.Username, 'vSphere'), text(Tag.Password, 'hunter2')),
      ),
    );
    const decoded = decodeRequestMessage(message(header(1, authentication), getItem));
    const [credential] = decoded.header.authentication ?? [];
    expect(credential).toMatchObject({ credentialType: 1, username: 'vSphere' });
    const password = credential !== undefined && 'username' in credential ? credential.password : undefined;
    expect(password?.exposeText()).toBe('hunter2');
    expect(JSON.stringify(decoded)).not.toContain('hunter2');
  });

  it('reads the Activate of Db2 11.1: a Byte String for a Credential Value, an identifier with counted padding', () => {
    const decoded = decodeRequestMessage(DB2_ACTIVATE);
    expect(decoded).toMatchObject({
      header: { protocolVersion: V1_0, batchCount: 1 },
      batchItems: [
        {
          operation: Operation.Activate,
          request: { name: 'Activate', payload: { uniqueIdentifier: 'AWMksepiJTbZIsO_0XOr' } },
        },
      ],
    });
    const [credential] = decoded.header.authentication ?? [];
    expect(credential?.credentialType).toBe(0x80000001);
    expect(opaqueValue(credential)).toEqual(DB2_ACTIVATE.subarray(88, 120));
  });

  it('carries the value of a credential of another type unread, whatever it is, and sends it on unchanged', () => {
    const encodedValue = fc.oneof(
      anyValue.map((value) => {
        const writer = new TtlvWriter();
        writer.writeValue(Tag.CredentialValue, value);
        return writer.finish();
      }),
      // A structure and a text that could not be read as such.
      fc.uint8Array({ maxLength: 40 }).map((noise) => ttlv(Tag.CredentialValue, 7, Buffer.from(noise))),
      fc.uint8Array({ maxLength: 5 }).map((noise) => {
        return ttlv(Tag.CredentialValue, 1, Buffer.alloc(noise.length * 8, Buffer.from([0xff, ...noise])));
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 0x7fffffff }), encodedValue, (type, value) => {
        const credential = structure(Tag.Credential, enumeration(Tag.CredentialType, type), value);
        const sent = message(header(1, structure(Tag.Authentication, credential)), getItem);
        const decoded = decodeRequestMessage(sent);
        expect(decoded.header.authentication?.map(opaqueValue)).toEqual([value]);
        expect(decoded.batchItems[0]?.request?.payload).toEqual({ uniqueIdentifier: '1' });
        expect(encodeRequestMessage(decoded)).toEqual(sent);
      }),
    );
  });

  it('is as strict with a user name and password as with everything else', () => {
    const value = bytes(Tag.CredentialValue, text(Tag.Username, 'vSphere'));
    const credential = structure(
      Tag.Credential,
      enumeration(Tag.CredentialType, CredentialType.UsernameAndPassword),
      value,
    );
    const sent = message(header(1, structure(Tag.Authentication, credential)), getItem);
    expect(errorOf(() => decodeRequestMessage(sent)).reason).toBe(ResultReason.InvalidMessage);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is a name like any other', (name) => {
    const attribute = structure(Tag.Attribute, text(Tag.AttributeName, name), text(Tag.AttributeValue, 'polluted'));
    const add = item(Operation.AddAttribute, payload(text(Tag.UniqueIdentifier, name), attribute));
    const [decoded] = decodeRequestMessage(message(header(1), add)).batchItems;
    expect(decoded?.request?.payload).toEqual({
      uniqueIdentifier: name,
      attribute: { attributeName: name, attributeValue: { type: 'TextString', value: 'polluted' } },
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.getPrototypeOf(decoded?.request?.payload)).toBe(Object.prototype);
  });
});

describe('peekProtocolVersion', () => {
  it.each([
    ['of a sound message', VCENTER_GET, V1_1],
    [
      'of a major version that is not ours',
      message(structure(Tag.RequestHeader, version(3, 0))),
      { major: 3, minor: 0 },
    ],
    ['that is not the first field', message(header(1)), V1_1],
    ['of a message that is broken behind it', message(header(1), hex('42000f01 00000000 ffff')), undefined],
    ['of a message with a broken item', message(header(1), brokenItem), V1_1],
    ['of nothing', Buffer.alloc(0), undefined],
    ['of noise', Buffer.alloc(64, 0x41), undefined],
    ['of an empty message', message(), undefined],
    ['of an empty header', message(structure(Tag.RequestHeader)), undefined],
  ])('%s', (_name, bytesOfIt, expected) => expect(peekProtocolVersion(bytesOfIt)).toEqual(expected));
});

describe('peekOperations', () => {
  const late = structure(Tag.BatchItem, hex('42009308 00000001 0100000000000000'), enumeration(Tag.Operation, 3));
  it.each([
    ['of a sound message', VCENTER_GET, [Operation.Get]],
    ['in their order, whatever is wrong inside', message(header(3), getItem, late, brokenItem), [10, 3, 10]],
    ['of a message without items', message(header(0)), []],
    ['of an item that names none', message(header(2), getItem, structure(Tag.BatchItem, payload())), undefined],
    ['of an item that is none', message(header(1), integer(Tag.BatchItem, 1)), undefined],
    ['of an operation that is no enumeration', message(structure(Tag.BatchItem, integer(Tag.Operation, 1))), undefined],
    ['of a message that is cut off', message(header(1), hex('42000f01 00000000 ffff')), undefined],
    ['of nothing', Buffer.alloc(0), undefined],
    ['of noise', Buffer.alloc(64, 0x41), undefined],
  ])('%s', (_name, bytesOfIt, expected) => expect(peekOperations(bytesOfIt)).toEqual(expected));
});

const name = textWithoutZero;
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const attribute = fc.record(
  { attributeName: name, attributeIndex: fc.nat({ max: 9 }), attributeValue: anyValue },
  { requiredKeys: ['attributeName'] },
);
const enumValue = fc.nat({ max: 0xffffffff });
const uid = fc.record({ uniqueIdentifier: name }, { requiredKeys: [] });

const anyRequest: fc.Arbitrary<OperationRequest> = fc.oneof(
  uid.map((payloadOf): OperationRequest => ({ name: 'Activate', payload: payloadOf })),
  uid.map((payloadOf): OperationRequest => ({ name: 'Destroy', payload: payloadOf })),
  uid.map((payloadOf): OperationRequest => ({ name: 'GetAttributeList', payload: payloadOf })),
  fc.array(enumValue).map((queryFunctions): OperationRequest => ({ name: 'Query', payload: { queryFunctions } })),
  fc
    .tuple(uid, fc.array(name))
    .map(([id, attributeNames]): OperationRequest => ({ name: 'GetAttributes', payload: { ...id, attributeNames } })),
  fc
    .tuple(uid, attribute)
    .map(([id, given]): OperationRequest => ({ name: 'AddAttribute', payload: { ...id, attribute: given } })),
  fc.array(attribute, { minLength: 1 }).map((attributes): OperationRequest => ({
    name: 'Create',
    payload: { objectType: ObjectType.SymmetricKey, templateAttribute: { attributes } },
  })),
  fc
    .record(
      { maximumItems: fc.integer(), offsetItems: fc.integer(), attributes: fc.array(attribute) },
      { requiredKeys: ['attributes'] },
    )
    .map((payloadOf): OperationRequest => ({ name: 'Locate', payload: payloadOf })),
);

const anyMessage: fc.Arbitrary<RequestMessage> = fc
  .tuple(
    fc.integer({ min: 3, max: 4 }),
    fc.array(fc.tuple(anyRequest, optional(fc.uint8Array({ maxLength: 9 }))), { maxLength: 3 }),
  )
  .map(([minor, items]) => ({
    header: { protocolVersion: versionOf(1, minor), batchCount: items.length },
    batchItems: items.map(([request, id]) => ({
      operation: Operation[request.name],
      ...(id && { uniqueBatchItemId: Buffer.from(id) }),
      request,
    })),
  }));

describe('requests', () => {
  it('round-trip', () => {
    fc.assert(
      fc.property(anyMessage, (given) => expect(decodeRequestMessage(encodeRequestMessage(given))).toEqual(given)),
    );
  });

  it('round-trip every field of the header in 1.4 and lose the newer ones in 1.0', () => {
    const full: RequestHeader = {
      protocolVersion: V1_4,
      maximumResponseSize: 1024,
      clientCorrelationValue: 'c',
      serverCorrelationValue: 's',
      asynchronousIndicator: false,
      attestationCapableIndicator: true,
      attestationTypes: [1, 2],
      authentication: [
        { credentialType: CredentialType.UsernameAndPassword, username: 'u', password: Secret.fromText('p') },
        { credentialType: CredentialType.UsernameAndPassword, username: 'only' },
        { credentialType: CredentialType.Device, encodedValue: Secret.of(text(Tag.CredentialValue, 'serial')) },
      ],
      batchErrorContinuationOption: 2,
      batchOrderOption: true,
      timeStamp: new Date('2026-01-02T03:04:05Z'),
      batchCount: 0,
    };
    const again = (given: RequestHeader): RequestHeader =>
      decodeRequestMessage(encodeRequestMessage({ header: given, batchItems: [] })).header;
    expect(again(full)).toEqual(full);
    expect(Object.keys(again({ ...full, protocolVersion: V1_0 })).sort()).toEqual(
      [
        'protocolVersion',
        'maximumResponseSize',
        'asynchronousIndicator',
        'authentication',
        'batchErrorContinuationOption',
        'batchOrderOption',
        'timeStamp',
        'batchCount',
      ].sort(),
    );
  });

  it('answers any change of bytes with a message or a KmipError, and nothing else', () => {
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(anyMessage, fc.array(change, { minLength: 1, maxLength: 4 }), (given, changes) => {
        const received = Buffer.from(encodeRequestMessage(given));
        for (const [at, value] of changes) received[at % received.length] = value;
        try {
          decodeRequestMessage(received);
        } catch (error) {
          expect(error).toBeInstanceOf(KmipError);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('write an operation without known payload as an empty one', () => {
    const sent = encodeRequestMessage({
      header: { protocolVersion: V1_1, batchCount: 1 },
      batchItems: [{ operation: Operation.Check }],
    });
    expect(sent).toEqual(message(header(1), item(Operation.Check, payload())));
  });
});
