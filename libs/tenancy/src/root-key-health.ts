import { type KeyManagerFault, type WatchedCall } from '@lib/key-manager';

import { omit } from './omit';

/** A call that the key manager does not do. */
export interface HealthFinding {
  readonly call: WatchedCall;
  readonly fault: KeyManagerFault;
  /** The key manager's own word for the reason. */
  readonly reasonCode?: string;
  /** Since when it is so, as far as anybody asked. */
  readonly since: Date;
}

/** How the calls under one root key went lately. */
export interface RootKeyHealth {
  /** Of the adapter they were made with: of another one nothing is known yet. */
  readonly version: string;
  readonly findings: readonly HealthFinding[];
  /** When a test value went through it, or did not. */
  readonly testedAt?: Date;
  /** When a key of a client was wrapped or unwrapped by it, which shows what a test would; not written each time. */
  readonly servedAt?: Date;
  /** Tests in a row that met something. */
  readonly failures: number;
  /** When the root key stops to wrap. */
  readonly expiresAt?: Date;
  /** The tenant was told that so many days are left until then, at most. */
  readonly warnedDays?: number;
  /** That its key manager listed last, whoever they are of; the credential may not see all. */
  readonly storedKeys?: number;
}

/** How a call ended: well, or by this. */
export type CallOutcome = 'ok' | Pick<HealthFinding, 'fault' | 'reasonCode'>;
export type CallOutcomes = ReadonlyMap<WatchedCall, CallOutcome>;

/** Faults that may be over with the next call. */
export const PASSING_FAULTS: ReadonlySet<KeyManagerFault> = new Set([
  'rate_limited',
  'unavailable',
  'timeout',
  'overloaded',
]);

/** A single call that was not answered proves nothing yet: a test is made, which decides. */
export const isDoubtful = (outcome: CallOutcome): boolean => outcome !== 'ok' && PASSING_FAULTS.has(outcome.fault);

/** Whether something stands that no call gets past: when one does, the others do too, as far as anybody knows. */
export const mayBeOver = ({ findings }: Pick<RootKeyHealth, 'findings'>): boolean =>
  findings.some(({ fault }) => PASSING_FAULTS.has(fault) || fault === 'credential_rejected');

const TEST_EVERY_MS = 15 * 60_000;
const AGAIN_MS = 60_000;
/** Where no key lies, nothing is lost by a day. */
const IDLE_MS = 24 * 3_600_000;
/** Gets and Creates stand for a test, but do not show all that one does. */
const TEST_AT_LEAST_EVERY_MS = 3_600_000;

/** @returns what is known after these calls */
export function afterCalls(
  known: RootKeyHealth | undefined,
  version: string,
  outcomes: CallOutcomes,
  now: Date,
): RootKeyHealth {
  const before: RootKeyHealth =
    known?.version === version ? known : { ...ofTheRootKey(known), version, findings: [], failures: 0 };
  const others = before.findings.filter(({ call }) => !outcomes.has(call));
  const met = [...outcomes].flatMap(([call, outcome]) => {
    if (outcome === 'ok') return [];
    const same = before.findings.find((finding) => isSame(finding, { call, ...outcome }));
    return [{ call, ...outcome, since: same?.since ?? now }];
  });
  return { ...before, findings: [...others, ...met] };
}

/** @returns the same; what was met with another API key stands until calls with this one show that keys are served, or not */
export function afterTraffic(
  known: RootKeyHealth | undefined,
  version: string,
  outcomes: CallOutcomes,
  now: Date,
): RootKeyHealth {
  const shows = showsService(outcomes) || [...outcomes.values()].some((outcome) => outcome !== 'ok');
  if (known !== undefined && known.version !== version && !shows) return known;
  return afterCalls(known, version, outcomes, now);
}

/** What stays true with another API key: it was told of, and is not told of once more. */
export function ofTheRootKey(
  known: RootKeyHealth | undefined,
): Pick<RootKeyHealth, 'expiresAt' | 'warnedDays' | 'storedKeys'> {
  const { expiresAt, warnedDays, storedKeys } = known ?? {};
  return {
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(warnedDays === undefined ? {} : { warnedDays }),
    ...(storedKeys === undefined ? {} : { storedKeys }),
  };
}

/** @returns with what a root key that answered said of its end; what was told of another date counts for nothing */
export function endingAt(health: RootKeyHealth, expiresAt: Date | undefined): RootKeyHealth {
  if (health.expiresAt?.getTime() === expiresAt?.getTime()) return health;
  return { ...omit(health, 'expiresAt', 'warnedDays'), ...(expiresAt === undefined ? {} : { expiresAt }) };
}

/** Whether these calls show that keys are made or served: metadata and a list of stored keys do not. */
export const showsService = (outcomes: CallOutcomes): boolean =>
  outcomes.get('wrap') === 'ok' || outcomes.get('unwrap') === 'ok';

/** When anything was wrapped or unwrapped by it last, as far as that was written down. */
export function askedAt(health: RootKeyHealth | undefined): Date | undefined {
  const { testedAt, servedAt } = health ?? {};
  return testedAt !== undefined && (servedAt === undefined || testedAt > servedAt) ? testedAt : servedAt;
}

/** When it was last seen that keys are made or served, by a test or by a client; undefined while something is met. */
export function seenWellAt(health: RootKeyHealth | undefined): Date | undefined {
  return (health?.findings.length ?? 0) > 0 ? undefined : askedAt(health);
}

const isSame = (one: Omit<HealthFinding, 'since'>, other: Omit<HealthFinding, 'since'>): boolean =>
  one.call === other.call && one.fault === other.fault && one.reasonCode === other.reasonCode;

/** What a client would be told is the same. */
export const areSameFindings = (one: RootKeyHealth | undefined, other: RootKeyHealth): boolean =>
  one?.version === other.version &&
  one.findings.length === other.findings.length &&
  one.findings.every((finding) => other.findings.some((another) => isSame(finding, another)));

/** Jitter, so that bindings that were made together are not asked together. */
export function nextTestAt(
  { failures }: Pick<RootKeyHealth, 'failures'>,
  { now, random, holdsKeys }: { readonly now: Date; readonly random: number; readonly holdsKeys: boolean },
): Date {
  const usualMs = holdsKeys ? TEST_EVERY_MS : IDLE_MS;
  const everyMs = failures === 0 ? usualMs : Math.min(TEST_EVERY_MS, AGAIN_MS * 2 ** (failures - 1));
  return new Date(now.getTime() + everyMs * (0.8 + 0.2 * random));
}

const DAY_MS = 86_400_000;
const WARNED_BEFORE_DAYS = [1, 7, 30, 90] as const;

/** @returns the warning that has become due since what was known before: so many days are left at most */
export function dueWarning(
  before: RootKeyHealth | undefined,
  after: RootKeyHealth | undefined,
  now: Date,
): number | undefined {
  const due = warningAt(after?.expiresAt, now);
  if (due === undefined) return undefined;
  const told = after?.warnedDays ?? toldBefore(before, after);
  return told === undefined || due < told ? due : undefined;
}

/** By a release that did not write down what it told. */
function toldBefore(before: RootKeyHealth | undefined, after: RootKeyHealth | undefined): number | undefined {
  const { expiresAt, testedAt } = before ?? {};
  if (testedAt === undefined || expiresAt?.getTime() !== after?.expiresAt?.getTime()) return undefined;
  return warningAt(expiresAt, testedAt);
}

function warningAt(expiresAt: Date | undefined, at: Date): number | undefined {
  if (expiresAt === undefined || expiresAt <= at) return undefined;
  const days = (expiresAt.getTime() - at.getTime()) / DAY_MS;
  return WARNED_BEFORE_DAYS.find((limit) => days <= limit);
}

const TOLD_AT_PERCENT = [100, 95, 90, 80] as const;

/** @returns how full a key manager is, in per cent, where that is worth a word */
export function fillingOf(storedKeys: number | undefined, maximumKeys: number | undefined): number | undefined {
  if (storedKeys === undefined || maximumKeys === undefined) return undefined;
  return TOLD_AT_PERCENT.find((percent) => storedKeys * 100 >= maximumKeys * percent);
}

const PAGE = 1_000;
const PAGE_MS = 60_000;

/** The more there is to list, the rarer it is done. */
export function nextWatchAt({ keys, listed, now, random }: Watched): Date {
  const everyMs = keys === 0 ? IDLE_MS : Math.max(TEST_EVERY_MS, PAGE_MS * Math.ceil(listed / PAGE));
  return new Date(now.getTime() + everyMs * (0.8 + 0.2 * random));
}

interface Watched {
  /** That lie under the root key by the catalog. */
  readonly keys: number;
  /** By the key manager, whoever they are of. */
  readonly listed: number;
  readonly now: Date;
  readonly random: number;
}

/** A call of a client went well: that is as good as a test, for a while. */
export function dueAfterTraffic(health: RootKeyHealth, due: Date | undefined, now: Date): Date | undefined {
  if (due === undefined || health.findings.length > 0) return due;
  const soon = new Date(now.getTime() + TEST_EVERY_MS);
  const tested = health.testedAt?.getTime() ?? 0;
  return now.getTime() - tested < TEST_AT_LEAST_EVERY_MS || due > soon ? soon : due;
}
