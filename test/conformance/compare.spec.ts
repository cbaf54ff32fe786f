import { Bindings } from './support/bindings';
import { compareMessages } from './support/compare';
import { type DataNode } from './support/data-node';
import { encodeNode } from './support/node-to-ttlv';
import { readXml, XmlError } from './support/xml-reader';

const answer = (payload: string): DataNode =>
  readXml(`<?xml version="1.0"?><!-- an <answer> --><ResponseMessage>
    <BatchItem><Operation type="Enumeration" value="GetAttributes"/># TIME 0
      <ResponsePayload>${payload}</ResponsePayload></BatchItem></ResponseMessage>`);

const uid = (value: string): string => `<UniqueIdentifier type="TextString" value="${value}"/>`;
const attribute = (name: string, type: string, value: string): string =>
  `<Attribute><AttributeName type="TextString" value="${name}"/><AttributeValue type="${type}" value="${value}"/></Attribute>`;

const differences = (expected: string, actual: string, bindings = new Bindings()): readonly string[] =>
  compareMessages(answer(expected), encodeNode(answer(actual), new Bindings(bindings.now)), bindings);

describe('comparing an answer with the expected one', () => {
  it('binds a placeholder at its first sight and holds to it', () => {
    const bindings = new Bindings();
    expect(differences(uid('$UNIQUE_IDENTIFIER_0'), uid('a1'), bindings)).toEqual([]);
    expect(bindings.resolve('$UNIQUE_IDENTIFIER_0')).toBe('a1');
    expect(differences(uid('$UNIQUE_IDENTIFIER_0'), uid('a2'), bindings)).toEqual([
      'ResponseMessage/BatchItem/ResponsePayload/UniqueIdentifier: a2, not a1',
    ]);
  });

  it('puts bound values into requests', () => {
    const bindings = new Bindings();
    bindings.bind('$UNIQUE_IDENTIFIER_0', 'a1');
    expect(encodeNode(answer(uid('$UNIQUE_IDENTIFIER_0')), bindings)).toEqual(
      encodeNode(answer(uid('a1')), new Bindings()),
    );
  });

  it('does not care in which order attributes come, but which they are', () => {
    const state = attribute('State', 'Enumeration', 'Active');
    const mask = attribute('Cryptographic   Usage Mask', 'Integer', 'Decrypt  Encrypt');
    const sameMask = attribute('Cryptographic Usage Mask', 'Integer', '12');
    expect(differences(state + mask, sameMask + state)).toEqual([]);
    expect(differences(state + mask, state)).toEqual([expect.stringContaining('where Attribute, Attribute')]);
    expect(differences(state, attribute('State', 'Enumeration', 'PreActive'))).toEqual([
      expect.stringContaining('1, not 2'),
    ]);
  });

  it('lets dates differ by what a run takes', () => {
    const date = (value: string): string => attribute('Initial Date', 'DateTime', value);
    expect(differences(date('$NOW'), date('$NOW+59'))).toEqual([]);
    expect(differences(date('$NOW-3600'), date('$NOW'))).toEqual([expect.stringContaining('off by 3600 s')]);
  });

  it('leaves what a server says in its own words', () => {
    const text = (value: string): string => `<VendorIdentification type="TextString" value="${value}"/>`;
    expect(differences(text('theirs'), text('ours'))).toEqual([]);
  });
});

describe('reading XML', () => {
  it('decodes entities and extension tags', () => {
    expect(readXml('<TTLV tag="0x540001" type="TextString" value="&lt;&#913;&amp;&quot;"/>')).toEqual({
      tag: '0x540001',
      type: 'TextString',
      value: '<Α&"',
    });
  });

  it.each(['<A></B>', '<A>', '<A></A></A>', '', '<A/><B/>'])('refuses %s', (source) =>
    expect(() => readXml(source)).toThrow(XmlError),
  );
});
