import { type DataSource } from 'typeorm';

/** What an operator is told of the database server, and nothing of what is in it. */
export class PostgresStatus {
  constructor(private readonly dataSource: DataSource) {}

  /** Rejects when the database does not answer; for readiness. */
  async ping(): Promise<void> {
    await this.dataSource.query('SELECT 1');
  }

  async version(): Promise<readonly { readonly version: string }[]> {
    return await this.dataSource.query('SELECT version() AS version');
  }

  /** Who is connected, by the name that each process gives itself. */
  async clients(): Promise<readonly { readonly application_name: string; readonly connections: number }[]> {
    return await this.dataSource.query(
      `SELECT application_name, count(*)::int AS connections FROM pg_stat_activity
        WHERE datname = current_database() GROUP BY 1 ORDER BY 1`,
    );
  }
}
