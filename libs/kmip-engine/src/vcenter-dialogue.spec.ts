import { toUniqueIdentifier } from '@lib/kernel';
import { EngineHarness } from '@lib/testing';

/** Written by hand from KMIP 1.1 §9.1, so that an error in our own codec cannot hide itself. */
const hex = (...parts: readonly string[]): Buffer => Buffer.from(parts.join('').replaceAll(/\s/g, ''), 'hex');

/** Tag, type, length of the value, value with padding. */
function ttlv(tag: string, type: string, value: Buffer | readonly Buffer[]): Buffer {
  const body = Buffer.isBuffer(value) ? value : Buffer.concat(value);
  const head = Buffer.from(`${tag}${type}00000000`, 'hex');
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc((8 - (body.length % 8)) % 8)]);
}
const structure = (tag: string, ...items: readonly Buffer[]) => ttlv(tag, '01', items);
const word = (tag: string, type: string, value: number) => ttlv(tag, type, hex(value.toString(16).padStart(8, '0')));
const integer = (tag: string, value: number) => word(tag, '02', value);
const enumeration = (tag: string, value: number) => word(tag, '05', value);
const text = (tag: string, value: string) => ttlv(tag, '07', Buffer.from(value));
const bytes = (tag: string, value: Buffer) => ttlv(tag, '08', value);

const VERSION = structure('420069', integer('42006a', 1), integer('42006b', 1));
const itemId = (counter: number) => bytes('420093', hex('514c4b43', `0${counter}000000`));

const request = (count: number, ...items: readonly Buffer[]) =>
  structure('420078', structure('420077', VERSION, integer('42000d', count)), ...items);

const ask = (operation: number, id: number | undefined, ...payload: readonly Buffer[]) =>
  structure(
    '42000f',
    enumeration('42005c', operation),
    ...(id === undefined ? [] : [itemId(id)]),
    structure('420079', ...payload),
  );

const response = (count: number, ...items: readonly Buffer[]) =>
  structure('42007b', structure('42007a', VERSION, timeStamp(), integer('42000d', count)), ...items);

/** The clock of the harness stands still. */
function timeStamp(): Buffer {
  const seconds = BigInt(Date.UTC(2026, 10, 24, 12) / 1000);
  const value = Buffer.alloc(8);
  value.writeBigInt64BE(seconds);
  return ttlv('420092', '09', value);
}

const answer = (operation: number, id: number | undefined, ...payload: readonly Buffer[]) =>
  structure(
    '42000f',
    enumeration('42005c', operation),
    ...(id === undefined ? [] : [itemId(id)]),
    enumeration('42007f', 0),
    structure('42007c', ...payload),
  );

const KEY_ID = '01000000-7356-4565-821e-08ddba133224';
const identifier = text('420094', KEY_ID);

const named = (name: string, value: Buffer) => structure('420008', text('42000a', name), value);
const textAttribute = (name: string, value: string) => named(name, text('42000b', value));

const createTemplate = structure(
  '420091',
  named('Cryptographic Algorithm', enumeration('42000b', 3)),
  named('Cryptographic Usage Mask', integer('42000b', 12)),
  named('Cryptographic Length', integer('42000b', 256)),
);

describe("vCenter's dialogue, byte for byte", () => {
  let harness: EngineHarness;
  const send = (message: Buffer) => harness.engine.handle(message, harness.scope());
  const create = () => send(request(1, ask(1, 1, enumeration('420057', 2), createTemplate)));

  beforeEach(() => {
    harness = new EngineHarness({ dependencies: { newUniqueIdentifier: () => toUniqueIdentifier(KEY_ID) } });
  });

  it('builds requests of the recorded sizes', () => {
    expect(request(1, ask(30, undefined))).toHaveLength(104);
    expect(request(1, ask(30, 1))).toHaveLength(120);
    expect(request(1, ask(24, 1, enumeration('420074', 3)))).toHaveLength(136);
    expect(request(1, ask(1, 1, enumeration('420057', 2), createTemplate))).toHaveLength(312);
  });

  it.each([undefined, 1])('Discover Versions with batch item id %s', async (id) => {
    const versions = [4, 3, 2, 1, 0].map((minor) =>
      structure('420069', integer('42006a', 1), integer('42006b', minor)),
    );
    expect(await send(request(1, ask(30, id)))).toStrictEqual(response(1, answer(30, id, ...versions)));
  });

  it('Query for server information', async () => {
    const expected = response(1, answer(24, 1, text('42009d', 'KMIP for VMware')));
    expect(await send(request(1, ask(24, 1, enumeration('420074', 3))))).toStrictEqual(expected);
  });

  it('Create', async () => {
    expect(await create()).toStrictEqual(response(1, answer(1, 1, enumeration('420057', 2), identifier)));
  });

  it('Get of a Pre-Active key, then State, then Activate', async () => {
    await create();
    const got = await send(request(1, ask(10, 1, identifier)));
    const material = got.subarray(got.indexOf(hex('42004308 00000020')) + 8).subarray(0, 32);
    const keyBlock = structure(
      '420040',
      enumeration('420042', 1),
      structure('420045', bytes('420043', material)),
      enumeration('420028', 3),
      integer('42002a', 256),
    );
    expect(got).toStrictEqual(
      response(1, answer(10, 1, enumeration('420057', 2), identifier, structure('42008f', keyBlock))),
    );

    const askState = request(1, ask(11, 1, identifier, text('42000a', 'State')));
    const state = (value: number) =>
      response(1, answer(11, 1, identifier, named('State', enumeration('42000b', value))));
    expect(await send(askState)).toStrictEqual(state(1));
    expect(await send(request(1, ask(18, 1, identifier)))).toStrictEqual(response(1, answer(18, 1, identifier)));
    expect(await send(askState)).toStrictEqual(state(2));
  });

  it('Get Attributes of a custom attribute that is not there: success with the identifier alone', async () => {
    await create();
    expect(await send(request(1, ask(11, 1, identifier, text('42000a', 'x-Product_Version'))))).toStrictEqual(
      response(1, answer(11, 1, identifier)),
    );
  });

  it('three Add Attribute items in one message', async () => {
    await create();
    const tags = [
      textAttribute('x-Product_Version', '8.0.1 build-21560480'),
      textAttribute('x-Vendor', 'VMware, Inc.'),
      textAttribute('x-Product', 'VMware vSphere'),
    ];
    const asked = request(3, ...tags.map((tag, index) => ask(13, index + 1, identifier, tag)));
    expect(await send(asked)).toStrictEqual(
      response(3, ...tags.map((tag, index) => answer(13, index + 1, identifier, tag))),
    );
    expect(await send(request(1, ask(11, 1, identifier, text('42000a', 'x-Vendor'))))).toStrictEqual(
      response(1, answer(11, 1, identifier, textAttribute('x-Vendor', 'VMware, Inc.'))),
    );
  });

  it('activates and tags one key on two connections at once without losing anything', async () => {
    await create();
    const names = ['x-Product_Version', 'x-Vendor', 'x-Product', 'x-Identifier', 'x-Component', 'x-Name'];
    const tagging = [names.slice(0, 3), names.slice(3)].map((three) =>
      send(request(3, ...three.map((name, index) => ask(13, index + 1, identifier, textAttribute(name, name))))),
    );
    await Promise.all([...tagging, send(request(1, ask(18, 1, identifier)))]);
    const object = harness.store.objects()[0]!;
    expect(object.state).toBe('Active');
    expect(object.attributes.map(({ name }) => name)).toStrictEqual(names.sort());
  });
});
