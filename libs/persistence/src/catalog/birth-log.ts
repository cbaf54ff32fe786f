import { type AuditEvent } from '@lib/audit';
import {
  ACCESS_REFUSALS,
  type AccessRefusal,
  AccessWithdrawn,
  type CreationIntent,
  isDestroyed,
  type ManagedObject,
  ObjectStoreError,
} from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';
import { type QueryConfig } from 'pg';

import { toAppend } from '../audit/appended';
import { violatedConstraint } from '../database/persistence.error';
import { type ChainMarkRow, type TenantTransactions } from '../database/transactions';
import { attributeRow } from './catalog-statements';
import { done, failed, GatheredWork } from './gathered-work';
import { COLUMNS } from './managed-object.columns';

/** An intent, with who must be served for it to be opened. */
export interface Opening {
  readonly intent: CreationIntent;
  readonly maximumLive: number;
  readonly client?: string | undefined;
}

/** An object that takes the place of its intent. */
export interface Completion {
  readonly object: ManagedObject;
  readonly audit: AuditEvent;
  readonly client?: string | undefined;
}

type Hindrance = AccessRefusal | ObjectStoreError['fault'];

interface OpenedRow extends Partial<ChainMarkRow> {
  readonly outcomes: readonly (Hindrance | null)[];
}

interface CompletedRow extends OpenedRow {
  /** False: it was there already. */
  readonly recorded: readonly boolean[];
}

/** So many are as much work as a key. */
const ATTRIBUTES_OF_WEIGHT = 8;

/** Begins and ends the birth of keys, of each instance many at once: its quota and its audit chain are held once. */
export class BirthLog {
  readonly #opening: GatheredWork<Opening, void>;
  readonly #completion: GatheredWork<Completion, void>;

  constructor(transactions: TenantTransactions) {
    this.#opening = new GatheredWork(async (instanceId, openings) => {
      const { outcomes } = await transactions.statement<OpenedRow>(
        instanceId,
        () => openIntents(instanceId, openings),
        () => [],
      );
      return outcomes.map(outcomeOf);
    });
    this.#completion = new GatheredWork(
      async (instanceId, completions) => {
        const { outcomes, recorded } = await transactions.statement<CompletedRow>(
          instanceId,
          () => completeIntents(instanceId, completions),
          (row) => completions.filter((_, n) => row.recorded[n] === true).map(({ audit }) => audit),
        );
        // Some were there already, and nothing was written: their standby is waited for all the same.
        if (outcomes.includes(null) && !recorded.includes(true)) await transactions.replicated(instanceId);
        return outcomes.map(outcomeOf);
      },
      // Nearly all of its time goes into the attributes.
      ({ object }) => 1 + object.attributes.length / ATTRIBUTES_OF_WEIGHT,
    );
  }

  /** @throws AccessWithdrawn, ObjectStoreError('quota_exceeded') */
  open(instanceId: InstanceId, opening: Opening): Promise<void> {
    return this.#opening.do(instanceId, opening);
  }

  /** @throws AccessWithdrawn, ObjectStoreError */
  async complete(instanceId: InstanceId, completion: Completion): Promise<void> {
    try {
      await this.#completion.do(instanceId, completion);
    } catch (error) {
      if (violatedConstraint(error) !== 'ux_managed_object_attributes_name') throw error;
      throw new ObjectStoreError('name_taken');
    }
  }
}

function openIntents(instanceId: InstanceId, openings: readonly Opening[]): QueryConfig {
  const intents = openings.map(({ intent }) => intent);
  return {
    name: 'open_intents',
    text: 'SELECT outcomes FROM open_intents($1, $2, $3, $4, $5, $6, $7)',
    values: [
      instanceId,
      intents.map(({ uniqueIdentifier }) => uniqueIdentifier),
      intents.map(({ storedKeyName }) => storedKeyName),
      intents.map(({ startedAt }) => startedAt),
      intents.map(({ createdBy }) => createdBy),
      openings.map(({ maximumLive }) => maximumLive),
      openings.map(({ client }) => client),
    ],
  };
}

function completeIntents(instanceId: InstanceId, completions: readonly Completion[]): QueryConfig {
  const { texts, packed } = toAppend(
    instanceId,
    completions.map(({ audit }) => audit),
  );
  return {
    name: 'complete_intents',
    text: 'SELECT outcomes, recorded, last_seq, last_hash FROM complete_intents($1, $2, $3, $4, $5, $6)',
    values: [
      instanceId,
      JSON.stringify(completions.map(({ object }) => objectRow(object))),
      JSON.stringify(completions.flatMap(({ object }) => object.attributes.map((each) => attributeJson(object, each)))),
      texts,
      completions.map(({ client }) => client),
      packed,
    ],
  };
}

type JsonRow = Readonly<Record<string, unknown>>;

function objectRow(object: ManagedObject): JsonRow {
  const row: Record<string, unknown> = { id: object.uniqueIdentifier };
  for (const column of COLUMNS) row[column.name] = jsonOf(column.of(object));
  return row;
}

function attributeJson(object: ManagedObject, attribute: ManagedObject['attributes'][number]): JsonRow {
  const row: Record<string, unknown> = { object_id: object.uniqueIdentifier, released: isDestroyed(object.state) };
  for (const [name, value] of Object.entries(attributeRow(attribute))) row[name] = jsonOf(value);
  return row;
}

/** As Postgres reads the value of a column in JSON. */
function jsonOf(value: unknown): unknown {
  if (value instanceof Date) return instantText(value);
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`;
  if (Array.isArray(value)) return value.map(jsonOf);
  return value ?? null;
}

/** ISO 8601, but for the years that it writes with a sign. */
function instantText(date: Date): string {
  const [, year = '', rest = ''] = /^([+-]?\d+)(-.*)$/.exec(date.toISOString()) ?? [];
  const since = Number(year);
  const written = String(since > 0 ? since : 1 - since).padStart(4, '0');
  return since > 0 ? `${written}${rest}` : `${written}${rest} BC`;
}

function outcomeOf(hindrance: Hindrance | null): PromiseSettledResult<void> {
  if (hindrance === null) return done(undefined);
  return failed(isRefusal(hindrance) ? new AccessWithdrawn(hindrance) : new ObjectStoreError(hindrance));
}

const isRefusal = (hindrance: Hindrance): hindrance is AccessRefusal =>
  (ACCESS_REFUSALS as readonly Hindrance[]).includes(hindrance);
