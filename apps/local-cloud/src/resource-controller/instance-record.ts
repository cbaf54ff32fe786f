import { type Cloud } from '../cloud';
import { type InstanceRow } from '../journal/rows';

export const instanceCrn = (row: InstanceRow): string =>
  `crn:v1:bluemix:public:${row.serviceName}:${row.region}:a/${row.accountId}:${row.id}::`;

export interface Endpoints {
  readonly public: string;
  readonly private: string;
}

/** Key Protect has one host a region, HPCS and Dedicated one an instance; here they are path prefixes of this cloud. */
export function endpointsOf(cloud: Cloud, row: InstanceRow): Endpoints | undefined {
  if (row.serviceName !== 'kms' && row.serviceName !== 'hs-crypto') return undefined;
  const shared = row.serviceName === 'kms' && row.dedicated !== true;
  const path = shared ? `kms/${row.region}` : `${row.serviceName === 'kms' ? 'kms-dedicated' : 'hpcs'}/${row.id}`;
  return { public: `${cloud.baseUrl()}/${path}`, private: `${cloud.baseUrl()}/private/${path}` };
}
