import { ACTION_CODES, type AuditQuery, packedNeedles, packedTarget } from '@lib/audit';

/** A part of an instance's chain; `undefined` where it is open. */
export interface Part {
  readonly from: number;
  readonly until: number;
}

interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

const actionCodes: ReadonlyMap<string, number> = new Map(Object.entries(ACTION_CODES));

/** As `initiatorId` of libs/audit: one of the three is there. */
const INITIATOR = `COALESCE('CertificateID-' || (event::jsonb #>> '{initiator,fingerprint}'),
  event::jsonb #>> '{initiator,iamId}', event::jsonb #>> '{initiator,component}')`;

/**
 * Records of an instance that fit, from both tables: those of before audit_records stay where they were. What is found
 * by correlation or initiator may hold others that look alike.
 * @param part of audit_records, where those of the period are
 */
export function pageStatement(instanceId: string, query: AuditQuery, part: Part | undefined): Statement {
  const values: unknown[] = [instanceId, query.limit];
  const order = `ORDER BY seq ${query.newestFirst ? 'DESC' : 'ASC'} LIMIT $2`;
  const of = (conditions: readonly string[]): string =>
    `WHERE instance_id = $1 AND ${conditions.join(' AND ')} ${order}`;
  const add: Add = (condition, value) => [condition.replace('$', () => `$${String(values.push(value))}`)];
  const text = `(SELECT seq, hash, packed, NULL::text AS event, NULL::bytea AS previous_hash
      FROM audit_records ${of([...recordConditions(query, part, add), ...commonConditions(query, add)])})
    UNION ALL (SELECT seq, hash, NULL, event, previous_hash
      FROM audit_events ${of([...eventConditions(query, add), ...commonConditions(query, add)])})
    ${order}`;
  return { text, values };
}

/** @returns the condition with its value's number */
type Add = (condition: string, value: unknown) => readonly string[];

const given = <T>(value: T | undefined, conditions: (value: T) => readonly string[]): readonly string[] =>
  value === undefined ? [] : conditions(value);

function commonConditions({ occurred, after, newestFirst }: AuditQuery, add: Add): readonly string[] {
  return [
    'true',
    ...given(occurred?.from, (from) => add('occurred_at >= $', from)),
    ...given(occurred?.before, (before) => add('occurred_at < $', before)),
    ...given(after, (seq) => add(`seq ${newestFirst ? '<' : '>'} $`, seq)),
  ];
}

function recordConditions(query: AuditQuery, part: Part | undefined, add: Add): readonly string[] {
  return [
    ...given(query.action, (action) => add('action = $', actionCodes.get(action) ?? -1)),
    ...given(query.outcome, (outcome) => [outcome === 'failure' ? 'failed' : 'NOT failed']),
    ...given(query.targetId, (id) => add('target = $', packedTarget(id))),
    ...given(query.correlationId, (id) => holding(id, add)),
    ...given(query.initiatorId, (id) => holding(ownPart(id), add)),
    ...given(part, ({ from, until }) => [...add('seq >= $', from), ...add('seq <= $', until)]),
  ];
}

function holding(text: string, add: Add): readonly string[] {
  const alternatives = packedNeedles(text).flatMap((needle) => add('position($::bytea IN packed) > 0', needle));
  return alternatives.length === 0 ? [] : [`(${alternatives.join(' OR ')})`];
}

function eventConditions(query: AuditQuery, add: Add): readonly string[] {
  return [
    ...given(query.action, (action) => add('action = $', action)),
    ...given(query.outcome, (outcome) => add('outcome = $', outcome)),
    ...given(query.targetId, (id) => add('target_id = $', id)),
    ...given(query.correlationId, (id) => add('correlation_id = $', id)),
    // Looked for in the text first: parsing a million records that do not name the initiator takes seconds.
    ...given(query.initiatorId, (id) => [
      ...add('0 < strpos(event, $)', JSON.stringify(ownPart(id)).slice(1, -1)),
      ...add(`${INITIATOR} = $`, id),
    ]),
  ];
}

/** What an event has of an initiator's id. */
const ownPart = (initiatorId: string): string => initiatorId.replace(/^CertificateID-/, '');
