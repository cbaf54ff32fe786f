import { Counts } from './counts';
import { type Figure, measureConnects, measureHeld, type Request, REQUESTS, type Watch } from './measure';
import { type Peers } from './peers';
import { Profile } from './profile';
import { type Region } from './region';
import { type Share } from './share';
import { Syscalls } from './syscalls';
import { conditions, table } from './table';
import { withTls12 } from './target';

/** Where one operation goes; all figures are for one of it. */
export interface Cost {
  readonly operation: string;
  readonly conditions: string;
  readonly figure: Figure;
  readonly roundTrips: number;
  readonly statements: readonly Share[];
  readonly keyManagerRequests: readonly Share[];
  /** Of both gateways; undefined without strace. */
  readonly syscalls: readonly Share[] | undefined;
  /** Of the first gateway's time on the CPU, in percent. */
  readonly profile: readonly Share[];
}

interface Operation {
  readonly what: string;
  run(region: Region, seconds: number, watch: Watch): Promise<Figure>;
}

const CONNECTIONS = 16;
const CLIENTS = 8;
/** The rest is many things that are little each. */
const SHOWN = 12;

const held = (what: string, request: Request): Operation => ({
  what,
  run: ({ target }, seconds, watch) => measureHeld(target, CONNECTIONS, seconds, request, watch),
});

const connecting = (what: string, request: Request): Operation => ({
  what: `new connection with ${what}`,
  run: ({ target }, seconds, watch) => measureConnects(withTls12(target), CLIENTS, seconds, request, watch),
});

const OPERATIONS: readonly Operation[] = [
  held('Discover Versions', REQUESTS.discoverVersions),
  held('Get', REQUESTS.get),
  held('Create', REQUESTS.create),
  connecting('Discover Versions', REQUESTS.discoverVersions),
  connecting('Get', REQUESTS.get),
];

/** Each operation three times: what samples or traces it also makes it slower, and would be seen in the other figures. */
export async function costs(peers: Peers): Promise<readonly Cost[]> {
  const region = await peers.inspectedRegion();
  const found: Cost[] = [];
  for (const operation of OPERATIONS) {
    console.error(`where it goes: ${operation.what}`);
    const counts = new Counts(region);
    const profile = new Profile(region);
    const syscalls = new Syscalls(region);
    const figure = await operation.run(region, peers.seconds, counts);
    for (const watch of [profile, syscalls]) await operation.run(region, peers.seconds, watch);
    found.push({
      operation: operation.what,
      conditions: conditions(),
      figure,
      roundTrips: counts.roundTrips,
      statements: counts.statements,
      keyManagerRequests: counts.keyManagerRequests,
      syscalls: syscalls.found,
      profile: profile.found,
    });
  }
  return found;
}

/** Markdown: one table over all, and for each operation what it consists of. */
export function costsReport(all: readonly Cost[]): string {
  if (all.length === 0) return 'Where the time goes was not measured yet.';
  const roles = Object.keys(all[0]?.figure.cpuMicroseconds ?? {}).filter((role) => role !== 'management-api');
  const head = [
    'operation',
    'per s',
    'p50 ms',
    'p99 ms',
    ...roles.map((role) => `µs ${role}`),
    'statements',
    'round trips',
    'key-manager requests',
    'system calls',
  ];
  const rows = all.map(({ operation, figure, ...cost }) => [
    operation,
    figure.perSecond.toFixed(0),
    figure.p50Ms.toFixed(1),
    figure.p99Ms.toFixed(1),
    ...roles.map((role) => (figure.cpuMicroseconds[role] ?? 0).toFixed(0)),
    sum(cost.statements),
    cost.roundTrips.toFixed(2),
    sum(cost.keyManagerRequests),
    cost.syscalls === undefined ? 'no strace' : sum(cost.syscalls),
  ]);
  return [table(head, rows), ...all.map(partsOf)].join('\n\n');
}

function partsOf({ operation, statements, syscalls, profile, keyManagerRequests }: Cost): string {
  const list = (shares: readonly Share[], digits: number): string =>
    shares
      .slice(0, SHOWN)
      .map(({ what, each }) => `${what} ${each.toFixed(digits)}`)
      .join(', ');
  const rows = statements
    .slice(0, SHOWN)
    .map(({ what, each, microseconds = 0 }) => [`\`${what}\``, each.toFixed(3), microseconds.toFixed(0)]);
  return [
    `#### ${operation}`,
    ...(rows.length === 0 ? [] : [table(['statement', 'times', 'µs in PostgreSQL'], rows)]),
    ...(keyManagerRequests.length === 0 ? [] : [`Key-manager requests: ${list(keyManagerRequests, 2)}.`]),
    ...(syscalls === undefined ? [] : [`System calls: ${list(syscalls, 2)}.`]),
    `Profile, % of the gateway's CPU time: ${list(profile, 1)}.`,
  ].join('\n\n');
}

const sum = (shares: readonly Share[]): string => shares.reduce((total, { each }) => total + each, 0).toFixed(2);
