import { basename } from 'node:path';

import { EngineHarness, ManualClock } from '@lib/testing';

import { Bindings } from './support/bindings';
import { compareMessages } from './support/compare';
import { encodeNode } from './support/node-to-ttlv';
import { FAULTY_FILES } from './support/not-built';
import { Tally, unbuiltOperations } from './support/round-trip';
import { loadTestCase, operationsOf, type TestCase } from './support/test-case';
import { describeWithVectors, vectorFiles, vectorPath } from './support/vectors';

const FOLDERS = ['profiles/v1.0-1.2', 'profiles/v1.3', 'profiles/v1.4'].concat(
  ['v1.0', 'v1.1', 'v1.2', 'v1.3', 'v1.4'].map((version) => `testcases/${version}`),
);

/**
 * Dialogues our answers differ from, by the name of the file without its version, and why. docs/divergences.md says
 * more. Every other dialogue must be held to the letter.
 */
const DIVERGENT: readonly (readonly [RegExp, string])[] = [
  [/^AX-M-\d/, 'uses Batch Error Continuation Option Undo'],
  [/^(MSGENC|SUITEB|TL[-_]M[-_]1|SASED[-_]M[-_]1|TC_121)/, "lists the operations and objects of the test's own server"],
  [/^TC-Q-/, "lists what the test's own server can do"],
  [/^TC_122/, "lists extensions of the test's own server"],
  [/^TC_161/, 'lists the versions known when the test was written'],
  [/^SASED[-_]M[-_]3/, 'reads what an earlier file registered'],
  [/^TC-(OTP|CREG)-/, 'reads what an administrator registered'],
  [/^TC_15[13]/, 'uses the default member of an Object Group'],
  [/^TC_11[12]/, 'keeps the objects of two user names apart'],
  [/^SKFF[-_]O[-_][12]/, 'uses algorithms other than AES and 3DES'],
  [/^TC-CREATE-SD/, 'creates Secret Data'],
  [/^TC-CS-CORVAL/, 'creates a key without a Cryptographic Usage Mask'],
  [/^TC-(SENSITIVE|EXTRACTABLE)/, 'creates keys that may not be fetched'],
];

const divergence = (file: string): string | undefined => DIVERGENT.find(([name]) => name.test(basename(file)))?.[1];

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

async function differencesOf(file: string): Promise<readonly string[]> {
  const clock = new TickingClock();
  const harness = new EngineHarness({ clock });
  const bindings = new Bindings(clock.now());
  const differences: string[] = [];
  for (const { request, response } of loadTestCase(vectorPath(file)).exchanges ?? []) {
    const answer = await harness.engine.handle(encodeNode(request, bindings), harness.scope());
    differences.push(...compareMessages(response, answer, bindings));
    clock.advance(1000);
  }
  // An unexpected failure is a fault of ours whatever the dialogue expects.
  expect(harness.logs).toEqual([]);
  return differences;
}

describeWithVectors('official dialogues that need our operations alone, held with the engine', () => {
  const tally = new Tally();
  const files = FOLDERS.flatMap((folder) => vectorFiles(folder, '.xml'))
    .filter((file) => !(basename(file) in FAULTY_FILES))
    .filter((file) => replayable(loadTestCase(vectorPath(file))));

  it.each(files.filter((file) => divergence(file) === undefined))('%s', async (file) => {
    expect(await differencesOf(file)).toEqual([]);
    tally.add('held as expected');
  });

  // Not every version of a listed dialogue differs, so this only counts; none may break the engine.
  it.each(files.filter((file) => divergence(file) !== undefined))('%s (may differ)', async (file) => {
    const differences = await differencesOf(file);
    tally.add(differences.length === 0 ? 'held as expected' : `differs: ${divergence(file) ?? ''}`);
  });

  it('has held something', () => expect(tally.count('held as expected')).toBeGreaterThan(0));
  afterAll(() => tally.print('official dialogues'));
});
