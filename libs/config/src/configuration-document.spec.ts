import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  configurationDocument,
  describeConfig,
  gatewayConfig,
  launcherConfig,
  localCloudConfig,
  localVcenterConfig,
  managementApiConfig,
  readEnvironment,
} from './index';

const file = join(__dirname, '../../../docs/configuration.md');

describe('docs/configuration.md', () => {
  it('says what the schemas say, no more and no less', () => {
    const document = configurationDocument();
    if (readEnvironment()['UPDATE_DOCS'] === '1') writeFileSync(file, document);
    expect(readFileSync(file, 'utf8')).toBe(document);
  });
});

describe.each(
  Object.entries({ gatewayConfig, managementApiConfig, localCloudConfig, localVcenterConfig, launcherConfig }),
)('%s', (_name, schema) => {
  it('names each variable once and explains it', () => {
    const rows = describeConfig(schema);
    expect(new Set(rows.map(({ variable }) => variable)).size).toBe(rows.length);
    for (const row of rows) {
      expect(row.variable).toMatch(/^[A-Z][A-Z0-9_]+$/);
      expect(row.meaning).toMatch(/\.$/);
      expect(row.consequence).toMatch(/\.$/);
    }
  });

  it('has no default for a secret', () => {
    expect(describeConfig(schema).filter((row) => row.secret && row.fallback !== undefined)).toEqual([]);
  });
});
