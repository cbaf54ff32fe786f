import { ATTRIBUTES_TAG, attributesByTag, codecContext, TtlvReader, TtlvWriter, V2_1 } from '@lib/kmip-protocol';

import { Bindings } from './support/bindings';
import { childrenOf, type DataNode } from './support/data-node';
import { UnknownNameError } from './support/names';
import { encodeNode } from './support/node-to-ttlv';
import { Tally } from './support/round-trip';
import { loadTestCase } from './support/test-case';
import { describeWithVectors, vectorFiles, vectorPath } from './support/vectors';

const FOLDERS = ['profiles/v2.1', 'testcases/v2.1'];

/** Every Attributes structure of a message, wherever it stands. */
const attributesIn = (node: DataNode): readonly DataNode[] =>
  node.tag === 'Attributes' ? [node] : childrenOf(node).flatMap(attributesIn);

/** Tags of 1.x that became attributes in 2.0. */
const NEW_ATTRIBUTES = ['CertificateSubjectCN', 'KeyFormatType'];

/** Its bytes; undefined where it holds something that 1.x has no attribute for. */
function encode(node: DataNode): Buffer | undefined {
  if (childrenOf(node).some(({ tag }) => NEW_ATTRIBUTES.includes(tag))) return undefined;
  try {
    return encodeNode({ ...node, tag: `0x${ATTRIBUTES_TAG.toString(16)}` }, new Bindings());
  } catch (error) {
    if (error instanceof UnknownNameError) return undefined;
    throw error;
  }
}

describeWithVectors('attributes of the official messages of KMIP 2.1, read and written by tag', () => {
  const tally = new Tally();
  const context = codecContext(V2_1);

  it.each(FOLDERS.flatMap((folder) => vectorFiles(folder, '.xml')))('%s', (file) => {
    for (const node of loadTestCase(vectorPath(file)).messages.flatMap((message) => attributesIn(message.node))) {
      const bytes = encode(node);
      if (bytes === undefined) {
        tally.add('newer than 1.4');
        continue;
      }
      const reader = new TtlvReader(bytes);
      reader.next();
      const attributes = attributesByTag.read(reader, context);
      const writer = new TtlvWriter();
      attributesByTag.write(writer, ATTRIBUTES_TAG, attributes, context);
      expect(writer.finish().toString('hex')).toBe(bytes.toString('hex'));
      tally.add('byte for byte the same');
    }
  });

  it('has read something', () => expect(tally.count('byte for byte the same')).toBeGreaterThan(0));
  afterAll(() => tally.print('attributes by tag'));
});
