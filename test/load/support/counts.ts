import { type Watch } from './measure';
import { type Region } from './region';
import { type Share, shares } from './share';

const TEXT = 70;
const LEAST = 0.001;

/** Statements, turns to the database, and requests to the key manager. */
export class Counts implements Watch {
  roundTrips = 0;
  statements: readonly Share[] = [];
  keyManagerRequests: readonly Share[] = [];
  #before = 0;

  constructor(private readonly region: Region) {}

  async begin(): Promise<void> {
    await this.region.administrator.query('SELECT pg_stat_statements_reset()');
    await this.region.service.localCloud('DELETE', '/requests');
    this.#before = await this.region.roundTrips();
  }

  async end(operations: number): Promise<void> {
    this.roundTrips = ((await this.region.roundTrips()) - this.#before) / operations;
    this.statements = await this.#statements(operations);
    const { counts } = await this.region.service.localCloud<{ counts: { operation: string; count: number }[] }>(
      'GET',
      '/requests',
    );
    this.keyManagerRequests = shares(totals(counts), operations);
  }

  /** Of the product's logins; the administrator's questions are ours. */
  async #statements(operations: number): Promise<readonly Share[]> {
    const { rows } = await this.region.administrator.query<{ query: string; calls: number; ms: number }>(
      `SELECT query, sum(calls)::int AS calls, sum(total_exec_time) AS ms FROM pg_stat_statements
        WHERE userid <> 'kms'::regrole GROUP BY query ORDER BY ms DESC`,
    );
    return rows
      .map(({ query, calls, ms }) => ({
        what: query.replaceAll(/[\s|`]+/g, ' ').slice(0, TEXT),
        each: calls / operations,
        microseconds: (ms * 1_000) / operations,
      }))
      .filter(({ each }) => each >= LEAST);
  }
}

function totals(counts: readonly { operation: string; count: number }[]): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const { operation, count } of counts) all.set(operation, (all.get(operation) ?? 0) + count);
  return all;
}
