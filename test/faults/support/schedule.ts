import { Dice } from '@lib/testing';

import { LINKS, type LinkName, type ProcessName, type ServerName, SERVERS } from './places';

/** How long there is trouble, before it is quiet. */
export const TROUBLE_MS = 4_500;

export type LinkTrouble = 'refuse' | 'slow' | 'black hole' | 'mute' | 'deaf' | 'orphan' | 'hurt';
export type Signal = 'SIGKILL' | 'SIGTERM' | 'SIGSTOP';

/** What goes wrong. */
export type Fault =
  | { readonly kind: 'link'; readonly link: LinkName; readonly trouble: LinkTrouble }
  | { readonly kind: 'process'; readonly process: ProcessName; readonly signal: Signal }
  | { readonly kind: 'clock'; readonly process: ServerName; readonly wrongByMs: number }
  | { readonly kind: 'key manager clock'; readonly advanceSeconds: number }
  | { readonly kind: 'full disk' }
  | { readonly kind: 'cloud'; readonly service: 'kms' | 'iam'; readonly effect: CloudEffect; readonly every: number };

export type CloudEffect =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly retryAfterSeconds?: number;
      readonly when: 'before' | 'after';
    }
  | { readonly kind: 'hang' | 'reset'; readonly when: 'before' | 'after' }
  | { readonly kind: 'delay'; readonly milliseconds: number };

export interface Planned {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly fault: Fault;
}

const LINK_TROUBLES: readonly LinkTrouble[] = ['refuse', 'slow', 'black hole', 'mute', 'deaf', 'orphan', 'hurt'];
const MINUTE_MS = 60_000;
const JUMPS_MS = [-180 * MINUTE_MS, -10 * MINUTE_MS, -MINUTE_MS, MINUTE_MS, 10 * MINUTE_MS, 120 * MINUTE_MS];
const LEAST = 4;
const MOST = 8;
const SHORTEST_MS = 300;
const LONGEST_MS = 2_500;

/** Everything that goes wrong in the run of a seed, and nothing but the seed decides it. */
export function scheduleOf(seed: number): readonly Planned[] {
  const dice = new Dice(seed);
  const planned: Planned[] = [];
  const wanted = LEAST + dice.below(MOST - LEAST + 1);
  const busy = new Set<string>();
  while (planned.length < wanted) {
    const fault = anyFault(dice);
    const lastsMs = SHORTEST_MS + dice.below(LONGEST_MS - SHORTEST_MS);
    const fromMs = dice.below(TROUBLE_MS - lastsMs);
    // One thing has one trouble in a run: what it ends with is then known.
    if (busy.has(subjectOf(fault))) continue;
    busy.add(subjectOf(fault));
    planned.push({ fromMs, untilMs: fromMs + lastsMs, fault });
  }
  return planned.toSorted((a, b) => a.fromMs - b.fromMs);
}

function anyFault(dice: Dice): Fault {
  const kind = dice.below(20);
  if (kind < 7) return { kind: 'link', link: dice.pick(LINKS), trouble: dice.pick(LINK_TROUBLES) };
  if (kind < 12) return processFault(dice);
  if (kind < 14) return { kind: 'clock', process: dice.pick(SERVERS), wrongByMs: dice.pick(JUMPS_MS) };
  if (kind < 15) return { kind: 'key manager clock', advanceSeconds: dice.pick([30, 3_700, 90_000]) };
  if (kind < 16) return { kind: 'full disk' };
  const service = kind < 19 ? 'kms' : 'iam';
  return { kind: 'cloud', service, effect: cloudEffect(dice), every: 1 + dice.below(3) };
}

function processFault(dice: Dice): Fault {
  const process = dice.pick<ProcessName>([...SERVERS, ...SERVERS, 'local-cloud', 'postgres']);
  const signals: Signal[] = ['SIGKILL', 'SIGSTOP'];
  // Asked to stop, the database waits for who is connected: that is no trouble but a shutdown.
  if (process !== 'postgres') signals.push('SIGTERM');
  return { kind: 'process', process, signal: dice.pick(signals) };
}

function cloudEffect(dice: Dice): CloudEffect {
  const when = dice.pick(['before', 'after'] as const);
  return dice.pick<CloudEffect>([
    { kind: 'status', status: 429, retryAfterSeconds: 1 + dice.below(3), when: 'before' },
    { kind: 'status', status: 503, when },
    { kind: 'status', status: 500, when },
    { kind: 'hang', when },
    { kind: 'reset', when },
    { kind: 'delay', milliseconds: 100 + dice.below(1_500) },
  ]);
}

function subjectOf(fault: Fault): string {
  switch (fault.kind) {
    case 'link':
      return fault.link;
    case 'process':
      return fault.process;
    case 'clock':
      return `clock of ${fault.process}`;
    case 'cloud':
      return fault.service;
    default:
      return fault.kind;
  }
}

/** A schedule as a person reads it. */
export function describeSchedule(schedule: readonly Planned[]): string {
  return schedule
    .map(({ fromMs, untilMs, fault }) => {
      const words = Object.values(fault).map((value: object | string | number) =>
        typeof value === 'object' ? JSON.stringify(value) : value,
      );
      return `${String(fromMs).padStart(5)} to ${String(untilMs).padStart(5)} ms  ${words.join(', ')}`;
    })
    .join('\n');
}
