import { basename } from 'node:path';

import { decodeResponseMessage } from '@lib/kmip-protocol';
import { EngineHarness, failureCode, ManualClock } from '@lib/testing';

import { Bindings } from './support/bindings';
import { compareMessages } from './support/compare';
import { DIVERGENT, type Divergence, REASONS, reasonFor, shorten } from './support/divergent-dialogues';
import { encodeNode } from './support/node-to-ttlv';
import { FAULTY_FILES } from './support/faulty-files';
import { Tally, unbuiltOperations } from './support/round-trip';
import { loadTestCase, operationsOf, type TestCase } from './support/test-case';
import { describeWithVectors, vectorFiles, vectorPath } from './support/vectors';

const FOLDERS = ['profiles/v1.0-1.2', 'profiles/v1.3', 'profiles/v1.4'].concat(
  ['v1.0', 'v1.1', 'v1.2', 'v1.3', 'v1.4'].map((version) => `testcases/${version}`),
);

/** Every look at the clock is a millisecond later, as in life: no two keys are born at one instant. */
class TickingClock extends ManualClock {
  override now(): Date {
    this.advance(1);
    return super.now();
  }
}

function replayable({ messages, exchanges }: TestCase): boolean {
  const operations = messages.flatMap(({ node }) => operationsOf(node));
  return (
    exchanges !== undefined &&
    operations.length > 0 &&
    messages.every(({ node }) => unbuiltOperations(node).length === 0)
  );
}

interface Outcome {
  readonly differences: readonly string[];
  readonly refusals: readonly string[];
}

async function replay(file: string): Promise<Outcome> {
  const clock = new TickingClock();
  const harness = new EngineHarness({ clock });
  const bindings = new Bindings(clock.now());
  const differences: string[] = [];
  const refusals: string[] = [];
  for (const { request, response } of loadTestCase(vectorPath(file)).exchanges ?? []) {
    const answer = await harness.engine.handle(encodeNode(request, bindings), harness.scope());
    const found = compareMessages(response, answer, bindings);
    differences.push(...found);
    if (found.length > 0) refusals.push(...refusalsIn(answer));
    clock.advance(1000);
  }
  // An unexpected failure is a fault of ours whatever the dialogue expects.
  expect(harness.logs).toEqual([]);
  return { differences, refusals };
}

const refusalsIn = (answer: Buffer): string[] =>
  decodeResponseMessage(answer).batchItems.flatMap((item) => failureCode(item) ?? []);

function divergenceOf({ differences, refusals }: Outcome): Divergence | undefined {
  const [first] = differences;
  if (first === undefined) return undefined;
  return {
    first: shorten(first),
    differences: differences.length,
    ...(refusals.length === 0 ? {} : { refusals }),
  };
}

describeWithVectors('official dialogues that need our operations alone, held with the engine', () => {
  const tally = new Tally();
  const files = FOLDERS.flatMap((folder) => vectorFiles(folder, '.xml'))
    .filter((file) => !(basename(file) in FAULTY_FILES))
    .filter((file) => replayable(loadTestCase(vectorPath(file))));

  it.each(files.filter((file) => !(file in DIVERGENT)))('%s', async (file) => {
    const { differences } = await replay(file);
    expect(differences).toEqual([]);
    tally.add('held as expected');
  });

  // Asserted to the first difference: getting better must show as well as getting worse.
  it.each(files.filter((file) => file in DIVERGENT))('%s differs as documented', async (file) => {
    expect(reasonFor(file)).toBeDefined();
    expect(divergenceOf(await replay(file))).toEqual(DIVERGENT[file]);
    tally.add(`differs: ${reasonFor(file) ?? ''}`);
  });

  it('has no divergence of a dialogue that is not held, and no reason without a divergence', () => {
    expect(Object.keys(DIVERGENT).filter((file) => !files.includes(file))).toEqual([]);
    const used = new Set(Object.keys(DIVERGENT).map(reasonFor));
    expect(REASONS.filter(([, why]) => !used.has(why))).toEqual([]);
  });

  it('has held something', () => expect(tally.count('held as expected')).toBeGreaterThan(0));
  afterAll(() => tally.print('official dialogues'));
});
