import { parseArgs } from 'node:util';

import { keep, readCorpus } from './corpus';
import { Coverage } from './coverage';
import { mutate, randomFrom } from './mutator';
import { type Target, TARGETS } from './targets';

/** Runs between two looks at the coverage. */
const BATCH = 128;
/** A reader that takes longer for one small input can be stopped by it. */
const SLOW_MS = 1_000;

interface Order {
  readonly seconds: number;
  readonly seed: number;
  readonly keepNew: boolean;
}

class Fault extends Error {}

/**
 * Coverage-guided fuzzing of what reads bytes of strangers: `npm run fuzz -- --seconds 300 --target ttlv --keep`.
 * Begins with the committed corpus; an input that breaks a promise is kept in it, so that its repair has a test.
 */
function main(): void {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '2' },
      target: { type: 'string' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      keep: { type: 'boolean', default: false },
    },
  });
  const order = { seconds: Number(values.seconds), seed: Number(values.seed), keepNew: values.keep };
  const targets = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
  if (targets.length === 0) throw new Fault(`--target is one of ${TARGETS.map(({ name }) => name).join(', ')}`);
  for (const target of targets) fuzz(target, order);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function fuzz(target: Target, { seconds, seed, keepNew }: Order): void {
  const random = randomFrom(seed);
  const coverage = new Coverage(target.watched);
  const corpus = [...readCorpus(target.name)];
  for (const input of corpus) run(target, input, seed);
  coverage.know(coverage.news());
  const known = coverage.size;
  const pick = (): Buffer => corpus[random(corpus.length)] ?? Buffer.alloc(0);
  const end = performance.now() + seconds * 1_000;
  let runs = 0;
  while (performance.now() < end) {
    const batch = Array.from({ length: BATCH }, () => mutate(pick(), pick(), random));
    for (const input of batch) run(target, input, seed);
    runs += BATCH;
    if (coverage.news().length === 0) continue;
    for (const input of batch) {
      run(target, input, seed);
      const news = coverage.news();
      if (news.length === 0) continue;
      coverage.know(news);
      corpus.push(input);
      if (keepNew) keep(target.name, input);
    }
  }
  coverage.close();
  say(
    `${target.name}: ${runs} runs, ${known} characters of code by the corpus, ${coverage.size} in the end (seed ${seed})`,
  );
}

function run(target: Target, input: Buffer, seed: number): void {
  const startedAt = performance.now();
  try {
    target.read(Buffer.from(input));
  } catch (error) {
    const file = keep(target.name, input);
    throw new Fault(`${target.name}: ${file} (seed ${seed}) breaks it: ${String(error)}`, { cause: error });
  }
  if (performance.now() - startedAt < SLOW_MS) return;
  throw new Fault(`${target.name}: ${keep(target.name, input)} (seed ${seed}) takes over ${SLOW_MS} ms`);
}

try {
  main();
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
