import { type INestApplicationContext } from '@nestjs/common';
import { type FastifyInstance } from 'fastify';

import { apiExplorer } from '../http/api-explorer.plugin';
import { errorGuidePlugin } from '../http/error-guide.plugin';
import { loadApiDocument, openApiFolder } from '../http/openapi/document';
import { bindOperations } from '../http/operation-table';
import { tenantApi, type TenantApiOptions } from '../http/tenant-api.plugin';
import { TENANT_API_CONTROLLERS } from './tenant-api.module';

export interface InstallOptions extends Omit<TenantApiOptions, 'operations'> {
  /** Serves `/v1/openapi.json` and `/v1/docs`, without a token. */
  readonly explorer: boolean;
}

/**
 * What the Fastify instance under the tenant API must be made with: identifiers as long as they may be, so that what is
 * wrong with them is answered in the API's own words.
 */
export const FASTIFY_OPTIONS = { routerOptions: { maxParamLength: 8_192 } } as const;

/**
 * Puts the tenant API under `/v1`. To be called after the application is created and before it listens.
 * @throws Error when controllers and document differ, or an operation has no action
 */
export async function installTenantApi(
  context: INestApplicationContext,
  fastify: FastifyInstance,
  { explorer, ...options }: InstallOptions,
): Promise<void> {
  const folder = openApiFolder();
  const document = loadApiDocument(folder);
  const controllers = TENANT_API_CONTROLLERS.map((controller) => context.get<object>(controller, { strict: false }));
  const operations = bindOperations(document, controllers);
  await fastify.register(tenantApi, { prefix: '/v1', ...options, operations });
  await fastify.register(errorGuidePlugin, { prefix: '/v1', folder });
  if (explorer) await fastify.register(apiExplorer, { prefix: '/v1', document, folder });
}
