import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Inject, Injectable } from '@nestjs/common';

import {
  type ConfigSchema,
  describeConfig,
  type Environment,
  gatewayConfig,
  launcherConfig,
  managementApiConfig,
  parseConfig,
  readAuditKeyFile,
  readServiceKeyFile,
} from '@lib/config';
import { type Clock, DomainError } from '@lib/kernel';
import { toPrintable } from '@lib/observability';
import { PostgresConnectionAttempts, PostgresStatus } from '@lib/persistence';
import { RestoreWatch } from '@lib/platform';
import { ClientCertificateService, type Instance, InstanceService, RootKeyBindingService } from '@lib/tenancy';

const INSTANCES = 1_000;
const REFUSALS = 20;
const ANSWER_WITHIN_MS = 5_000;
/** What is shorter is found by chance. */
const SHORTEST_SECRET = 8;

/** The bundle would have held a secret. */
export class SupportBundleError extends DomainError {
  readonly code = 'support_bundle_withheld';
}

/** What is told of a region. */
@Injectable()
export class BundledRegion {
  constructor(
    @Inject(PostgresStatus) readonly database: PostgresStatus,
    @Inject(PostgresConnectionAttempts) readonly attempts: PostgresConnectionAttempts,
    @Inject(InstanceService) readonly instances: InstanceService,
    @Inject(ClientCertificateService) readonly certificates: ClientCertificateService,
    @Inject(RootKeyBindingService) readonly rootKeys: RootKeyBindingService,
    @Inject(RestoreWatch) readonly restore: RestoreWatch,
  ) {}
}

export interface BundleSource {
  readonly region: Pick<BundledRegion, keyof BundledRegion>;
  readonly clock: Clock;
  readonly environment: Environment;
  readonly serviceKeyFile: string;
  /** Unset: no head of an audit trail is signed. */
  readonly auditKeyFile?: string | undefined;
  /** `host:port` of health ports. */
  readonly healthPorts: readonly string[];
}

/**
 * What somebody needs who helps from afar: versions, configuration, states, last refusals, metrics. No name that people
 * gave, no subject of a certificate, no address of a client; and no secret, which is looked for before it is given out.
 * @throws SupportBundleError
 */
export async function supportBundle(source: BundleSource): Promise<unknown> {
  const whole = {
    madeAt: source.clock.now(),
    versions: toPrintable(await versions(source)),
    configuration: configuration(source.environment),
    restore: await attempt(async () => ({ held: (await source.region.restore.state()) !== undefined })),
    instances: await attempt(() => instances(source)),
    processes: await Promise.all(source.healthPorts.map(processState)),
  };
  if (holdsSecret(JSON.stringify(whole), await secretsOf(source))) {
    throw new SupportBundleError('The support bundle is withheld, since a secret of the configuration stands in it.');
  }
  return whole;
}

async function versions({ region }: BundleSource): Promise<object> {
  const { version } = JSON.parse(await readFile(join(process.cwd(), 'package.json'), 'utf8').catch(() => '{}')) as {
    version?: string;
  };
  const { node, openssl, v8 } = process.versions;
  return {
    product: version,
    node,
    openssl,
    v8,
    platform: `${process.platform} ${process.arch}`,
    database: await attempt(() => region.database.version()),
    clients: await attempt(() => region.database.clients()),
  };
}

/** Each variable of each process: what is set to what, of secrets only whether. Other variables are not looked at. */
function configuration(environment: Environment): object {
  const known = [gatewayConfig, managementApiConfig, launcherConfig].flatMap((schema: ConfigSchema) =>
    Object.entries(schema).map(([field, setting]) => ({ [field]: setting })),
  );
  return Object.fromEntries(
    known.flatMap((schema) =>
      describeConfig(schema).map(({ variable, secret }) => [variable, valueOf(schema, variable, secret, environment)]),
    ),
  );
}

function valueOf(schema: ConfigSchema, variable: string, secret: boolean, environment: Environment): string {
  const text = environment[variable] ?? '';
  const inFile = secret && (environment[`${variable}_FILE`] ?? '') !== '';
  if (text === '' && !inFile) return '(not set)';
  if (secret) return inFile ? '(set, in a file)' : '(set)';
  try {
    parseConfig(schema, environment);
    return String(toPrintable(text));
  } catch {
    // Whatever was put there by mistake may be anything.
    return '(not valid)';
  }
}

async function instances({ region }: BundleSource): Promise<object> {
  const describe = async ({ id, state, enabled }: Instance): Promise<object> => ({
    id,
    state,
    enabled,
    certificates: (await region.certificates.list(id)).length,
    rootKeys: (await region.rootKeys.list(id)).map(({ kind, status, endpointVisibility, checkedAt }) => ({
      kind,
      status,
      endpointVisibility,
      checkedAt,
    })),
    refusals: (await region.attempts.list(id, { limit: REFUSALS }))
      .filter(({ verdict }) => verdict !== 'accepted')
      .map(({ verdict, endpoint, occurrences, firstAt, lastAt }) => ({
        verdict,
        endpoint,
        occurrences,
        firstAt,
        lastAt,
      })),
  });
  const described: object[] = [];
  for (const instance of await region.instances.list({ limit: INSTANCES })) {
    described.push(toPrintable(await attempt(() => describe(instance))) as object);
  }
  return described;
}

async function processState(at: string): Promise<object> {
  const ask = async (path: string): Promise<unknown> =>
    await attempt(async () => {
      const answer = await fetch(`http://${at}${path}`, {
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        redirect: 'error',
      });
      return (await answer.text()).trimEnd().split('\n');
    });
  return { at, ready: await ask('/readyz'), metrics: await ask('/metrics') };
}

/** One part that fails must not cost the others: something is wrong, or nobody would ask for help. */
async function attempt(read: () => Promise<unknown>): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    return { unknown: error instanceof DomainError ? error.code : 'failed' };
  }
}

/** Everything secret that this process can know. */
async function secretsOf({ environment, serviceKeyFile, auditKeyFile }: BundleSource): Promise<readonly Buffer[]> {
  const schemas: readonly ConfigSchema[] = [gatewayConfig, managementApiConfig, launcherConfig];
  const settings = schemas.flatMap((schema) => describeConfig(schema)).filter(({ secret }) => secret);
  const texts: string[] = [];
  for (const { variable } of settings) {
    const file = environment[`${variable}_FILE`] ?? '';
    const text = file === '' ? environment[variable] : await readFile(file, 'utf8').catch(() => '');
    texts.push((text ?? '').trim());
  }
  const passwords = texts
    .filter((text) => URL.canParse(text))
    .map((text) => decodeURIComponent(new URL(text).password));
  const keys = await readServiceKeyFile(serviceKeyFile).catch(() => undefined);
  const ofFile = [...(keys?.byVersion.values() ?? [])].map((key) => Buffer.from(key.expose()));
  const signing = auditKeyFile === undefined ? [] : await auditSecrets(auditKeyFile);
  return [...[...texts, ...passwords].map((text) => Buffer.from(text)), ...ofFile, ...signing].filter(
    ({ length }) => length >= SHORTEST_SECRET,
  );
}

/** The private keys as the file has them, and as PKCS #8, whose Base64 is another. */
async function auditSecrets(file: string): Promise<readonly Buffer[]> {
  const keys = await readAuditKeyFile(file).catch(() => []);
  return keys.flatMap(({ privateKey }) => {
    if (privateKey === undefined) return [];
    const { d = '' } = privateKey.export({ format: 'jwk' });
    return [Buffer.from(d, 'base64url'), privateKey.export({ format: 'der', type: 'pkcs8' })];
  });
}

function holdsSecret(text: string, secrets: readonly Buffer[]): boolean {
  const forms = (secret: Buffer): string[] => [
    secret.toString('utf8'),
    JSON.stringify(secret.toString('utf8')).slice(1, -1),
    encodeURIComponent(secret.toString('latin1')),
    secret.toString('hex'),
    secret.toString('base64').replace(/=+$/, ''),
    secret.toString('base64url'),
  ];
  return secrets.some((secret) => forms(secret).some((form) => text.includes(form)));
}
