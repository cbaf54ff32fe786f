import { type Schemas } from '../../api/schema';

type Usage = Schemas['InstanceUsageRecord'];

/** Numbers and dates alone: nothing in it can be a formula of a spreadsheet. */
export const csvOf = (records: readonly Usage[]): string =>
  [
    'day,live_keys,client_certificates',
    ...records.map((record) =>
      [record.started_at.slice(0, 10), record.live_keys, record.client_certificates].map(String).join(','),
    ),
    '',
  ].join('\r\n');
