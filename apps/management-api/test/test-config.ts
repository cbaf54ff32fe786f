import { managementApiConfig, type ManagementApiConfig, parseConfig } from '@lib/config';

export const PUBLIC_URL = 'https://kmip.example.com';

/** Of an application whose database and service keys a test brings itself. */
export const testConfig = (settings: Readonly<Record<string, string>> = {}): ManagementApiConfig =>
  parseConfig(managementApiConfig, {
    REGION: 'eu-de',
    DATABASE_URL: 'postgres://unused@127.0.0.1/unused',
    SERVICE_KEY_FILE: '/unused',
    MANAGEMENT_PUBLIC_URL: PUBLIC_URL,
    ...settings,
  });
