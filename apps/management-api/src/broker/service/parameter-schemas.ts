import { z } from 'zod';

import { tidyPasted } from '@lib/kernel';

const GUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;
const MAXIMUM_CERTIFICATES = 20;

const name = z.string().min(1).max(128).describe('Name of the instance. Without it, the name that the platform gives.');
const location = z
  .string()
  .regex(/^[a-z0-9-]{1,40}$/, 'is not a region')
  .describe('Region, as the platform states it.');
const keyManagerCrn = z
  .string()
  .overwrite(tidyPasted)
  .max(512)
  .regex(
    /^crn:v1:[a-z0-9-]+:[a-z0-9-]+:(kms|hs-crypto):/,
    'is not the CRN of a Key Protect or Hyper Protect Crypto Services instance',
  )
  .describe('Key Protect or Hyper Protect Crypto Services instance that is meant to hold the root key.');
const rootKeyId = z
  .string()
  .overwrite(tidyPasted)
  .regex(GUID, 'is not the id of a root key')
  .describe('Root key that is meant to protect the keys. Bind it after the order.');
const deleteActiveKeys = z
  .boolean()
  .describe('Set it to true to allow deleting the instance while its keys are in use by virtual machines.');
const certificate = z.strictObject({
  name: z.string().min(1).max(128).describe('Name, unique in the instance.'),
  certificate: z.string().min(1).max(32_768).describe('The certificate in PEM, without a private key.'),
});

/** What may be changed later. No parameter takes an API key: parameters end up in logs and records of the platform. */
export const updateParameters = z.strictObject({
  name: name.optional(),
  location: location.optional(),
  key_manager_crn: keyManagerCrn.optional(),
  root_key_id: rootKeyId.optional(),
  delete_active_keys: deleteActiveKeys.optional(),
});

export const createParameters = updateParameters.extend({
  client_certificates: z
    .array(certificate)
    .max(MAXIMUM_CERTIFICATES)
    .optional()
    .describe('Client certificates, for instance of vCenter, that may connect from the first moment on.'),
});

export const bindingParameters = z.strictObject({
  label: z.string().max(64).optional().describe('A note of your own.'),
});

/** For the catalog: draft 4 is the one that every platform understands. */
export const jsonSchemaOf = (schema: z.ZodType): object => z.toJSONSchema(schema, { target: 'draft-4' });
