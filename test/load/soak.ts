import { setTimeout as delay } from 'node:timers/promises';

import { type KmipClient, vcenter } from '@lib/kmip-client';
import { encodeRequestMessage, Operation, type OperationRequest, RevocationReasonCode, V1_4 } from '@lib/kmip-protocol';

import { Arena, type Inhabitant } from './support/arena';
import { judge, median, readOptions } from './support/goals';
import { createKey, expectSuccess } from './support/measure';
import { conditions, table } from './support/table';
import { connect } from './support/target';
import { type Holding, holdingOf } from './support/usage-of';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? '10');
/** At the beginning memory grows to what the load needs: caches fill, code is compiled. It is not compared. */
const WARM_UP = 0.2;
const SAMPLES = 200;
/** By so much may the second half have more than the first: a part of it, and what noise is in small numbers. */
const TOLERANCE = {
  mebibytes: { part: 0.1, more: 8 },
  descriptors: { part: 0.05, more: 8 },
  processes: { part: 0.1, more: 4 },
} as const satisfies Record<keyof Holding, object>;
const PAUSE_MS = 20;
/** Keeps all that it was ever given, in memory: it is no part of the product. */
const STAND_IN = 'local-cloud';

interface Halves {
  readonly first: number;
  readonly second: number;
}

type Figure = { readonly process: string } & Readonly<Record<keyof Holding, Halves>>;

const HELD = ['mebibytes', 'descriptors', 'processes'] as const satisfies readonly (keyof Holding)[];

/** One of the things that clients do, again and again, until the end. */
interface Habit {
  readonly name: string;
  readonly lanes: number;
  begin(site: Inhabitant, lane: number): Promise<{ readonly once: () => Promise<void>; readonly end?: () => unknown }>;
}

const message = (request: OperationRequest): Buffer =>
  encodeRequestMessage({
    header: { protocolVersion: V1_4, batchCount: 1 },
    batchItems: [{ operation: Operation[request.name], request }],
  });

const held =
  (ask: (client: KmipClient, site: Inhabitant) => Promise<void>): Habit['begin'] =>
  async (site, lane) => {
    const client = await connect(site.targets.ours, lane);
    return { once: () => ask(client, site), end: () => client.close() };
  };

async function live(client: KmipClient): Promise<void> {
  const uniqueIdentifier = await createKey(client);
  await expectSuccess(client, encodeRequestMessage(vcenter.getKey(uniqueIdentifier)));
  await expectSuccess(client, encodeRequestMessage(vcenter.activate(uniqueIdentifier)));
  const revocationReason = { revocationReasonCode: RevocationReasonCode.CessationOfOperation };
  await expectSuccess(client, message({ name: 'Revoke', payload: { uniqueIdentifier, revocationReason } }));
  await expectSuccess(client, message({ name: 'Destroy', payload: { uniqueIdentifier } }));
}

const QUESTIONS = [vcenter.probe(), vcenter.queryServerInformation()].map((each) => encodeRequestMessage(each));

async function visit(site: Inhabitant, lane: number): Promise<void> {
  const client = await connect(site.targets.ours, lane);
  try {
    for (const request of [...QUESTIONS, site.get]) await expectSuccess(client, request);
  } finally {
    await client.close();
  }
}

const HABITS: readonly Habit[] = [
  { name: 'Get on held connections', lanes: 4, begin: held((client, site) => expectSuccess(client, site.get)) },
  { name: 'Create, Get, Activate, Revoke and Destroy', lanes: 2, begin: held(live) },
  {
    name: 'Locate',
    lanes: 1,
    begin: held((client) => expectSuccess(client, message({ name: 'Locate', payload: { attributes: [] } }))),
  },
  {
    name: 'connect, Discover Versions, Query, Get and leave',
    lanes: 2,
    begin: (site, lane) => Promise.resolve({ once: () => visit(site, lane) }),
  },
];

/** `npm run bench:soak`: mixed load for ten minutes (`SOAK_MINUTES`), and what each process holds meanwhile. */
async function main(): Promise<void> {
  const options = readOptions(1);
  const arena = await Arena.open();
  try {
    const site = await arena.inhabitant('site', ['Viewer', 'Writer', 'Manager']);
    const until = performance.now() + MINUTES * 60_000;
    const [holdings, ...done] = await Promise.all([
      watch(arena, until),
      ...HABITS.map((habit) => follow(habit, site, until)),
    ]);
    const figures = Object.entries(holdings).map(([name, samples]) => figureOf(name, samples));
    if (options.json) console.log(JSON.stringify({ conditions: conditions(), minutes: MINUTES, figures, done }));
    else console.log(`${conditions()}; ${MINUTES} minutes\n\n${tableOf(figures)}\n\n${done.map(told).join('\n')}`);
    judge([...figures.flatMap(grownIn), ...done.filter(({ failed }) => failed > 0).map(told)], options);
  } finally {
    await arena.close();
  }
}

interface Done {
  readonly name: string;
  readonly done: number;
  readonly failed: number;
  /** What the first one that failed has said. */
  readonly why?: string;
}

const told = ({ name, done, failed, why }: Done): string =>
  `${name}: ${done} times, ${failed} failed${why === undefined ? '' : ` (${why})`}`;

async function follow({ name, lanes, begin }: Habit, site: Inhabitant, until: number): Promise<Done> {
  let [done, failed] = [0, 0];
  let why: string | undefined;
  const lane = async (number: number): Promise<void> => {
    const { once, end } = await begin(site, number);
    while (performance.now() < until) {
      await once().then(
        () => (done += 1),
        (error: unknown) => {
          failed += 1;
          why ??= String(error);
        },
      );
      await delay(PAUSE_MS);
    }
    await end?.();
  };
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  return { name, done, failed, ...(why !== undefined && { why }) };
}

async function watch({ service }: Arena, until: number): Promise<Readonly<Record<string, readonly Holding[]>>> {
  const samples: Record<string, Holding[]> = {};
  while (performance.now() < until) {
    for (const [name, pid] of Object.entries(service.connection.processes)) {
      if (name === STAND_IN) continue;
      (samples[name] ??= []).push(holdingOf(pid));
    }
    await delay((MINUTES * 60_000) / SAMPLES);
  }
  return samples;
}

function figureOf(name: string, samples: readonly Holding[]): Figure {
  const compared = samples.slice(Math.floor(samples.length * WARM_UP));
  const middle = Math.floor(compared.length / 2);
  const halves = (of: keyof Holding): Halves => ({
    first: median(compared.slice(0, middle).map((each) => each[of])),
    second: median(compared.slice(middle).map((each) => each[of])),
  });
  return {
    process: name,
    mebibytes: halves('mebibytes'),
    descriptors: halves('descriptors'),
    processes: halves('processes'),
  };
}

function grownIn(figure: Figure): string[] {
  return HELD.flatMap((what) => {
    const { first, second } = figure[what];
    const { part, more } = TOLERANCE[what];
    return second > first * (1 + part) + more
      ? [`${figure.process} has grown from ${first.toFixed(0)} to ${second.toFixed(0)} ${what}`]
      : [];
  });
}

function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.process,
    ...HELD.map((what) => `${figure[what].first.toFixed(0)}, then ${figure[what].second.toFixed(0)}`),
  ]);
  return table(['process', 'MiB', 'descriptors of a process', 'processes'], rows);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
