import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Provider {
  readonly accountId: string;
  readonly serviceId: string;
  readonly apiKey: string;
  /** Under which our broker is registered: the platform calls it with tokens made for this CRN. */
  readonly brokerCrn: string;
  /** Basic authentication at the broker, for tools that cannot make such tokens. */
  readonly brokerPassword: string;
  /** Of the client for which people sign in to the console. */
  readonly consoleSecret: string;
}

/** Identities of the demo tenant, chosen once and kept: the stand-in cloud and our database are told the same at each start. */
export interface DemoTenant {
  readonly accountId: string;
  readonly keyProtectInstanceId: string;
  readonly rootKeyId: string;
  readonly serviceId: string;
  /** Of the service ID. Worth something only in the stand-in cloud beside it. */
  readonly apiKey: string;
  readonly instanceId: string;
  /** Of somebody who has nothing to do with the demo tenant. */
  readonly strangerAccountId: string;
  /** The service provider's own account, service ID and API key: with it we ask IAM what callers may do. */
  readonly provider: Provider;
}

const newAccountId = (): string => randomBytes(16).toString('hex');
const newApiKey = (): string => randomBytes(33).toString('base64url');

export async function demoTenant(dataFolder: string): Promise<DemoTenant> {
  const file = join(dataFolder, 'demo-tenant.json');
  const text = await readFile(file, 'utf8').catch(() => '{}');
  const known = JSON.parse(text) as Partial<DemoTenant>;
  const [tenant, provider] = [newTenant(), newProvider()];
  // One of an earlier release lacks what came later.
  const whole: DemoTenant = { ...tenant, ...known, provider: { ...provider, ...known.provider } };
  if (JSON.stringify(whole) !== JSON.stringify(known)) await keep(file, whole);
  return whole;
}

async function keep(file: string, tenant: DemoTenant): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(tenant, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

const newTenant = (): Omit<DemoTenant, 'provider'> => ({
  accountId: newAccountId(),
  keyProtectInstanceId: randomUUID(),
  rootKeyId: randomUUID(),
  serviceId: randomUUID(),
  apiKey: newApiKey(),
  instanceId: randomUUID(),
  strangerAccountId: newAccountId(),
});

function newProvider(): Provider {
  const accountId = newAccountId();
  return {
    accountId,
    serviceId: randomUUID(),
    apiKey: newApiKey(),
    brokerCrn: `crn:v1:bluemix:public:resource-controller::a/${accountId}::resource-broker:${randomUUID()}`,
    brokerPassword: newApiKey(),
    consoleSecret: newApiKey(),
  };
}
