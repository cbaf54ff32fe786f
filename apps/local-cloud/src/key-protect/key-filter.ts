import { type KeyRow } from '../journal/rows';
import { stateOf } from './key-state';
import { invalidQuery } from './kms.errors';

export type KeyPredicate = (key: KeyRow, now: Date) => boolean;

const DATES: Readonly<Record<string, (key: KeyRow) => string | undefined>> = {
  creationDate: (key) => key.createdAt,
  deletionDate: (key) => key.deletedAt,
  expirationDate: (key) => key.expirationDate,
  lastRotateDate: (key) => key.rotatedAt,
  lastUpdateDate: (key) => key.updatedAt,
};

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
};

const STATES = ['0', '1', '2', '3', '5'];

export interface KeyFilter {
  readonly properties: ReadonlySet<string>;
  readonly predicates: readonly KeyPredicate[];
}

/** `filter=creationDate=gte:2026-01-01T00:00:00Z state=1,2`: all parts must hold. */
export function readFilter(text: string | undefined): KeyFilter {
  const properties = new Set<string>();
  const predicates: KeyPredicate[] = [];
  for (const part of text?.split(' ') ?? []) {
    const equals = part.indexOf('=');
    const property = part.slice(0, equals);
    const value = part.slice(equals + 1);
    if (equals < 1 || value === '' || properties.has(property)) throw badFilter();
    properties.add(property);
    predicates.push(predicateFor(property, value));
  }
  return { properties, predicates };
}

function predicateFor(property: string, value: string): KeyPredicate {
  if (property === 'extractable' && (value === 'true' || value === 'false')) {
    return (key) => String(key.extractable) === value;
  }
  if (property === 'state') return statePredicate(value, badFilter());
  const date = Object.hasOwn(DATES, property) ? DATES[property] : undefined;
  if (!date) throw badFilter();
  return datePredicate(date, value);
}

export function statePredicate(value: string, fault: Error): KeyPredicate {
  const states = value.split(',');
  if (states.some((state) => !STATES.includes(state))) throw fault;
  return (key, now) => states.includes(String(stateOf(key, now)));
}

function datePredicate(date: (key: KeyRow) => string | undefined, value: string): KeyPredicate {
  if (value === 'none') return (key) => date(key) === undefined;
  const [, operator = 'eq', moment = ''] = /^(?:(lt|lte|gt|gte):)?(\d{4}-.+)$/.exec(value) ?? [];
  const bound = Date.parse(moment);
  if (Number.isNaN(bound)) throw badFilter();
  const compare = COMPARISONS[operator] ?? ((a: number, b: number) => a === b);
  return (key) => {
    const own = date(key);
    return own !== undefined && compare(Date.parse(own), bound);
  };
}

const badFilter = (): Error =>
  invalidQuery('filter', 'parts of the form property=[operator:]value, each property once');
