import { readCorpus } from '../fuzz/corpus';
import { TARGETS } from '../fuzz/targets';

/** What fuzzing found once is tried at every run, on every Node; how to find more is in test/fuzz. */
describe.each(TARGETS.map((target) => [target.name, target] as const))('corpus of %s', (name, { read }) => {
  it('breaks no promise', () => {
    const corpus = readCorpus(name);
    expect(corpus.length).toBeGreaterThan(4);
    for (const input of corpus) read(Buffer.from(input));
  });
});
