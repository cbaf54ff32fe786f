import { type DataSource } from 'typeorm';

import { regionQuery } from '../database/region-query';

/** The months that the audit trails of a region lie in. */
export class PostgresAuditMonths {
  constructor(private readonly dataSource: DataSource) {}

  /** Makes room for the months to come; what is appended in a month without it is kept with that of others. */
  async prepare(): Promise<void> {
    await regionQuery(this.dataSource, 'SELECT prepare_audit_months()', []);
  }
}
