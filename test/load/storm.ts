import { type KmipClient, vcenter } from '@lib/kmip-client';
import { encodeRequestMessage } from '@lib/kmip-protocol';

import { Arena, type Inhabitant, type Side } from './support/arena';
import { judge, median, readOptions, spread } from './support/goals';
import { expectSuccess } from './support/measure';
import { conditions, table } from './support/table';
import { connect } from './support/target';

const HOSTS = [64, 256, 1_000];
const GOAL = 1.5;
const ROUNDS = 5;

interface Storm {
  readonly served: number;
  readonly ms: number;
}

interface Figure {
  readonly hosts: number;
  /** Not served, in all rounds. */
  readonly lost: Readonly<Record<Side, number>>;
  readonly ms: Readonly<Record<Side, readonly number[]>>;
  /** Of each pair. */
  readonly times: readonly number[];
}

/**
 * `npm run bench:storm`: all hosts of a site connect at once, with one certificate and from one address, by default
 * limits; each asks Discover Versions, Query and Get. In turn with the same handshakes and requests to bare servers.
 */
async function main(): Promise<void> {
  const options = readOptions(ROUNDS);
  const arena = await Arena.open();
  try {
    const site = await arena.inhabitant('site');
    // What has just started compiles more than it works.
    for (const side of ['ours', 'bare'] as const) await storm(site, side, 200);
    const figures: Figure[] = [];
    for (const hosts of HOSTS) {
      if (options.only.length > 0 && !options.only.includes(String(hosts))) continue;
      figures.push(await measure(site, hosts, options.rounds));
    }
    if (options.json) console.log(JSON.stringify({ conditions: conditions(), goal: GOAL, figures }));
    else console.log(`${conditions()}; ${options.rounds} pairs each\n\n${tableOf(figures)}`);
    judge(figures.flatMap(missedIn), options);
  } finally {
    await arena.close();
  }
}

async function measure(site: Inhabitant, hosts: number, rounds: number): Promise<Figure> {
  const lost = { ours: 0, bare: 0 };
  const ms: Record<Side, number[]> = { ours: [], bare: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)) {
      const outcome = await storm(site, side, hosts);
      lost[side] += hosts - outcome.served;
      ms[side].push(outcome.ms);
    }
  }
  return { hosts, lost, ms, times: ms.ours.map((took, round) => took / (ms.bare[round] ?? 1)) };
}

/** @returns how many were served, and the time until the last one was */
async function storm(site: Inhabitant, side: Side, hosts: number): Promise<Storm> {
  const requests = [vcenter.probe(), vcenter.queryServerInformation()].map((each) => encodeRequestMessage(each));
  requests.push(site.get);
  const clients: KmipClient[] = [];
  const visit = async (host: number): Promise<void> => {
    const client = await connect(site.targets[side], host);
    clients.push(client);
    for (const request of requests) await expectSuccess(client, request);
  };
  const started = performance.now();
  const visits = await Promise.allSettled(Array.from({ length: hosts }, (_, host) => visit(host)));
  const ms = performance.now() - started;
  await Promise.allSettled(clients.map((client) => client.close()));
  return { served: visits.filter(({ status }) => status === 'fulfilled').length, ms };
}

function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(({ hosts, lost, ms, times }) => [
    String(hosts),
    String(lost.ours),
    spread(ms.ours),
    spread(ms.bare),
    spread(times, 2),
  ]);
  return table(['hosts', 'not served', 'ms', 'ms bare', 'times'], rows);
}

function missedIn({ hosts, lost, times }: Figure): string[] {
  const slow = median(times) > GOAL ? [`${hosts} hosts take ${median(times).toFixed(2)} times, not ${GOAL}`] : [];
  return [...(lost.ours > 0 ? [`${lost.ours} of ${hosts} hosts were not served`] : []), ...slow];
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
