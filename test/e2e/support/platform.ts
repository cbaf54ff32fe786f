import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';

import OpenServiceBrokerV1 from '@ibm-cloud/platform-services/open-service-broker/v1';
import { BearerTokenAuthenticator } from 'ibm-cloud-sdk-core';

import { iamIdOf } from '../../../apps/launcher/src/demo-users';
import { CATALOG_SERVICE_ID, SERVICE_NAME } from '../../../apps/launcher/src/local-cloud-seed';
import { type RunningService } from './running-service';

const run = promisify(execFile);
const MANAGER = iamIdOf('Manager');
const HEADERS = {
  'X-Broker-Api-Version': '2.12',
  'X-Broker-API-Originating-Identity': `ibmcloud ${Buffer.from(JSON.stringify({ iam_id: MANAGER })).toString('base64')}`,
};

/** One order as the platform sends it. */
export interface Order {
  /** GUID in the CRN. */
  readonly id: string;
  /** The CRN. */
  readonly instanceId: string;
  readonly serviceId: string;
  readonly planId: string;
  readonly context: Readonly<Record<string, string>>;
  readonly parameters: Record<string, unknown>;
  readonly acceptsIncomplete: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer of the broker, refusals included. */
export interface BrokerAnswer {
  readonly status: number;
  readonly result: Record<string, unknown>;
}

export type PlanName = 'standard' | 'dedicated';

/** IBM Cloud's part towards the broker: its resource controller keeps a record, and its own client calls. */
export class Platform {
  private constructor(
    private readonly service: RunningService,
    readonly client: OpenServiceBrokerV1,
    private readonly plans: ReadonlyMap<string, string>,
  ) {}

  static async of(service: RunningService): Promise<Platform> {
    const { url } = service.connection.broker;
    const authenticator = new BearerTokenAuthenticator({ bearerToken: await bearerToken(service) });
    const client = new OpenServiceBrokerV1({ authenticator, serviceUrl: url });
    const { services = [] } = (await client.listCatalog({ headers: HEADERS })).result;
    const plans = services.flatMap((offer) => offer.plans).map(({ name, id }) => [name, id] as const);
    return new Platform(service, client, new Map(plans));
  }

  /** An order in the demo user's account, with the platform's record of it and the demo manager's access to it. */
  async newOrder(plan: PlanName, parameters: Record<string, unknown> = {}): Promise<Order> {
    const [, accountId = ''] = /:a\/([^:]+):/.exec(this.service.connection.instance.crn) ?? [];
    const id = randomUUID();
    const record = { id, accountId, serviceName: SERVICE_NAME, name: 'ordered' };
    const { crn } = await this.service.localCloud<{ crn: string }>('POST', '/instances', record);
    const resource = { serviceName: SERVICE_NAME, serviceInstance: id };
    await this.service.localCloud('POST', '/policies', { iamId: MANAGER, roles: ['Manager'], resource });
    return {
      id,
      instanceId: crn,
      serviceId: CATALOG_SERVICE_ID,
      planId: this.plans.get(plan) ?? '',
      context: { platform: 'ibmcloud', account_id: accountId, crn, name: 'ordered' },
      parameters,
      acceptsIncomplete: true,
      headers: HEADERS,
    };
  }

  provision(order: Order): Promise<BrokerAnswer> {
    return answered(() => this.client.replaceServiceInstance(order));
  }

  update(order: Order): Promise<BrokerAnswer> {
    return answered(() => this.client.updateServiceInstance(order));
  }

  deprovision(order: Order): Promise<BrokerAnswer> {
    return answered(() => this.client.deleteServiceInstance(order));
  }

  lastOperation(order: Order): Promise<BrokerAnswer> {
    return answered(() => this.client.getLastOperation(order));
  }

  setEnabled({ instanceId }: Order, enabled: boolean, reasonCode: string): Promise<BrokerAnswer> {
    const initiatorId = 'IBMid-ADMIN';
    return answered(() => this.client.replaceServiceInstanceState({ instanceId, enabled, reasonCode, initiatorId }));
  }
}

/** As the resource controller gets one for the CRN under which the broker is registered. */
export async function bearerToken(service: RunningService): Promise<string> {
  const { stdout } = await run('sh', ['-c', service.connection.broker.tokenCommand]);
  return stdout.trim();
}

interface Failure extends Error {
  readonly status?: number;
  readonly result?: Record<string, unknown>;
}

/** @throws what is no answer: a connection that was cut or refused */
async function answered(call: () => Promise<{ status: number; result: object }>): Promise<BrokerAnswer> {
  try {
    const { status, result } = await call();
    return { status, result: { ...result } };
  } catch (error) {
    const { status, result = {} } = error as Failure;
    if (status === undefined) throw error;
    return { status, result };
  }
}
