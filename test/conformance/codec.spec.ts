import { basename } from 'node:path';

import { Bindings } from './support/bindings';
import { NOT_SERVED } from './support/documented-operations';
import { encodeNode } from './support/node-to-ttlv';
import { FAULTY_FILES } from './support/faulty-files';
import { roundTrip, Tally, unbuiltOperations } from './support/round-trip';
import { loadTestCase } from './support/test-case';
import { describeWithVectors, vectorFiles, vectorPath } from './support/vectors';
import { XmlError } from './support/xml-reader';

/** KMIP 1.0 to 1.4; what lies in folders of 2.x is not read. */
const FOLDERS = ['profiles/v1.0-1.2', 'profiles/v1.3', 'profiles/v1.4'].concat(
  ['v1.0', 'v1.1', 'v1.2', 'v1.3', 'v1.4'].map((version) => `testcases/${version}`),
);

describeWithVectors('official messages of KMIP 1.0 to 1.4, decoded and encoded again', () => {
  const tally = new Tally();
  const files = FOLDERS.flatMap((folder) => vectorFiles(folder, '.xml'));
  const isFaulty = (file: string): boolean => basename(file) in FAULTY_FILES;

  it.each(files.filter((file) => !isFaulty(file)))('%s', (file) => {
    for (const { kind, node } of loadTestCase(vectorPath(file)).messages) {
      const unbuilt = unbuiltOperations(node);
      if (unbuilt.length > 0) {
        for (const name of new Set(unbuilt)) tally.add(`${name}: ${NOT_SERVED[name] ?? 'no reason given'}`);
        expect(Object.keys(NOT_SERVED)).toEqual(expect.arrayContaining([...unbuilt]));
        continue;
      }
      const bytes = encodeNode(node, new Bindings());
      expect(roundTrip(kind, bytes).toString('hex')).toBe(bytes.toString('hex'));
      tally.add('byte for byte the same');
    }
  });

  it.each(files.filter(isFaulty))('%s is still faulty', (file) => {
    expect(() => loadTestCase(vectorPath(file))).toThrow(XmlError);
    tally.add(`file ${basename(file)}: ${FAULTY_FILES[basename(file)] ?? ''}`);
  });

  it('has read something', () => expect(tally.count('byte for byte the same')).toBeGreaterThan(0));
  afterAll(() => tally.print('official messages'));
});
