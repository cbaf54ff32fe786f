import { type components } from '@lib/tenant-api-client';

/** Resources of the tenant API, by the names of its contract. */
type Schemas = components['schemas'];

export type Instance = Schemas['Instance'];
