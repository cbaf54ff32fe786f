import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Bindings } from './support/bindings';
import { type DataNode } from './support/data-node';
import { NOT_SERVED } from './support/documented-operations';
import { fromJson } from './support/json-nodes';
import { encodeNode } from './support/node-to-ttlv';
import { roundTrip, Tally, unbuiltOperations } from './support/round-trip';
import { describeWithVectors, vectorFiles, vectorPath } from './support/vectors';

const leaf = (tag: string, type: string, value: string): DataNode => ({ tag, type, value });
const tree = (tag: string, ...value: DataNode[]): DataNode => ({ tag, type: 'Structure', value });

/** The scripts hold payloads only; the version they speak stands in the manifest beside them. */
function messageOf(file: string): { readonly version: string; readonly message: DataNode } {
  const manifest = readFileSync(join(dirname(vectorPath(file)), 'manifest.toml'), 'utf8');
  // A script without a version is one for 2.1, as its payloads show.
  const [, major = '2', minor = '1'] = /kmip_version\s*=\s*\[\s*(\d+)\s*,\s*(\d+)\s*\]/.exec(manifest) ?? [];
  const payload = fromJson(JSON.parse(readFileSync(vectorPath(file), 'utf8')) as Parameters<typeof fromJson>[0]);
  const version = tree(
    'ProtocolVersion',
    leaf('ProtocolVersionMajor', 'Integer', major),
    leaf('ProtocolVersionMinor', 'Integer', minor),
  );
  const header = tree('RequestHeader', version, leaf('BatchCount', 'Integer', '1'));
  const item = tree('BatchItem', leaf('Operation', 'Enumeration', payload.tag), {
    ...payload,
    tag: 'RequestPayload',
  });
  return { version: `${major}.${minor}`, message: tree('RequestMessage', header, item) };
}

describeWithVectors('requests of other KMIP clients', () => {
  const tally = new Tally();

  it.each(vectorFiles('clients', '.json'))('%s', (file) => {
    const { version, message } = messageOf(file);
    if (version.startsWith('2')) {
      tally.add(`KMIP ${version}: 2.x is not spoken`);
      return;
    }
    const [unbuilt] = unbuiltOperations(message);
    if (unbuilt !== undefined) {
      tally.add(`${unbuilt}: ${NOT_SERVED[unbuilt] ?? 'no reason given'}`);
      expect(NOT_SERVED).toHaveProperty(unbuilt);
      return;
    }
    const bytes = encodeNode(message, new Bindings());
    expect(roundTrip('RequestMessage', bytes).toString('hex')).toBe(bytes.toString('hex'));
    tally.add('byte for byte the same');
  });

  afterAll(() => tally.print('requests of other clients'));
});
