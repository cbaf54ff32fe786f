import { BlockList, isIP, isIPv4 } from 'node:net';
import { z } from 'zod';
import { type Cloud } from '../cloud';
import { type InstancePolicyRow } from '../journal/rows';
import { within } from '@lib/stand-in';

const MOST_SUBNETS = 1_000;

export const subnets = z
  .array(z.union([z.cidrv4(), z.cidrv6()]))
  .min(1)
  .max(MOST_SUBNETS);

/**
 * Where a request came from, and by which of the hosts. Both policies have to admit it. With `allowedIP` the private
 * host of an instance has a port of its own, which is not imitated: there is only one here, and it is not that one.
 */
export function isAdmitted(cloud: Cloud, instanceId: string, network: 'public' | 'private', address: string): boolean {
  const { allowed_network: allowed } = attributesOf(cloud, instanceId, 'allowedNetwork');
  if (allowed === 'private-only' && network === 'public') return false;
  const { allowed_ip: allowedIp } = attributesOf(cloud, instanceId, 'allowedIP');
  return allowedIp === undefined || (network === 'public' && includes(subnets.parse(allowedIp), address));
}

function attributesOf(cloud: Cloud, instanceId: string, type: string): NonNullable<InstancePolicyRow['attributes']> {
  const policy = cloud.store.get('instancePolicy', within(instanceId, type));
  return (policy?.enabled === true && policy.attributes) || {};
}

function includes(networks: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', prefix] = network.split('/');
    list.addSubnet(base, Number(prefix), isIPv4(base) ? 'ipv4' : 'ipv6');
  }
  return isIP(address) !== 0 && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
