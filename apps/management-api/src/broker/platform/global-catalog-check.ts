import GlobalCatalogV1 from '@ibm-cloud/platform-services/global-catalog/v1';
import { z } from 'zod';

import { type ServiceIdentity, statusOf } from '../../auth/service-identity';
import { type ServiceOffer } from '../service/service-offer';
import { clientOptions, PlatformCallFailed } from './platform-client';

export interface GlobalCatalogCheckOptions {
  readonly serviceUrl: string;
  readonly identity: ServiceIdentity;
  readonly offer: ServiceOffer;
  readonly regions: readonly string[];
  /** CRNs under which this broker is registered. */
  readonly brokerCrns: readonly string[];
}

const ENTRY = z.object({
  id: z.string(),
  name: z.string(),
  metadata: z
    .object({
      deployment: z
        .object({ location: z.string().optional(), broker: z.object({ guid: z.string().optional() }).optional() })
        .optional(),
    })
    .optional(),
});
const CHILDREN = z.object({ resources: z.array(ENTRY).default([]) });

type Entry = z.infer<typeof ENTRY>;

interface Client {
  readonly catalog: GlobalCatalogV1;
  readonly identity: ServiceIdentity;
}

/**
 * Compares what we offer with the global catalog, where orders come from: a platform that knows other ids would send
 * orders that we refuse. @returns what differs, for the operator; empty when all agrees
 * @throws PlatformCallFailed when the catalog cannot be read
 */
export async function globalCatalogFindings(options: GlobalCatalogCheckOptions): Promise<readonly string[]> {
  const { offer } = options;
  const client = { catalog: new GlobalCatalogV1(clientOptions(options.serviceUrl)), identity: options.identity };
  const service = await entry(client, offer.serviceId);
  if (service === undefined) return [`the global catalog has no service ${offer.serviceId}`];
  const findings: string[] = [];
  if (service.name !== offer.options.serviceName) {
    findings.push(`service ${service.id} is called ${service.name} in the global catalog`);
  }
  const plans = await children(client, offer.serviceId, 'plan');
  for (const { id, name } of offer.plans) {
    const plan = plans.find((candidate) => candidate.id === id);
    if (plan === undefined) findings.push(`the global catalog has no plan ${id} (${name})`);
    else {
      if (plan.name !== name)
        findings.push(`plan ${id} is called ${plan.name} in the global catalog, and ${name} here`);
      findings.push(...deploymentFindings(await children(client, id, 'deployment'), name, options));
    }
  }
  const known = new Set(offer.plans.map(({ id }) => id));
  for (const { id, name } of plans) {
    if (!known.has(id)) findings.push(`plan ${id} (${name}) of the global catalog is not offered here`);
  }
  return findings;
}

function deploymentFindings(
  deployments: readonly Entry[],
  plan: string,
  { regions, brokerCrns }: GlobalCatalogCheckOptions,
): string[] {
  const findings: string[] = [];
  for (const region of regions) {
    const deployment = deployments.find(({ metadata }) => metadata?.deployment?.location === region);
    const broker = deployment?.metadata?.deployment?.broker?.guid;
    if (deployment === undefined) findings.push(`plan ${plan} has no deployment in ${region}`);
    else if (broker !== undefined && !brokerCrns.some((crn) => crn.endsWith(`:${broker}`))) {
      findings.push(`deployment ${deployment.id} of plan ${plan} belongs to another broker`);
    }
  }
  return findings;
}

async function entry({ catalog, identity }: Client, id: string): Promise<Entry | undefined> {
  try {
    return ENTRY.parse((await identity.call((headers) => catalog.getCatalogEntry({ id, headers }))).result);
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw new PlatformCallFailed('the global catalog could not be read', error);
  }
}

async function children({ catalog, identity }: Client, id: string, kind: string): Promise<readonly Entry[]> {
  try {
    const wanted = { id, kind, include: '*', limit: 200 };
    const { result } = await identity.call((headers) => catalog.getChildObjects({ ...wanted, headers }));
    return CHILDREN.parse(result).resources;
  } catch (error) {
    throw new PlatformCallFailed('the global catalog could not be read', error);
  }
}
