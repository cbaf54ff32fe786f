import { type INestApplicationContext } from '@nestjs/common';
import { type FastifyInstance } from 'fastify';

import { BROKER_ROUTES, type BrokerRoutes } from './broker.module';
import { BrokerReport } from './broker-report';
import { osbSpace } from './http/osb.plugin';
import { PlatformAuthentication } from './http/platform-authentication';

/**
 * What the Fastify instance under the broker must at least be made with: a CRN as a path parameter is longer than the
 * default allows.
 */
export const BROKER_FASTIFY_OPTIONS = { routerOptions: { maxParamLength: 2_048 } } as const;

/** Puts the broker under `/v2` and `/bluemix_v1`. To be called after the application is created and before it listens. */
export async function installBroker(context: INestApplicationContext, fastify: FastifyInstance): Promise<void> {
  const authentication = context.get(PlatformAuthentication, { strict: false });
  const observer = context.get(BrokerReport, { strict: false });
  const { v2, bluemixV1 } = context.get<BrokerRoutes>(BROKER_ROUTES, { strict: false });
  await fastify.register(osbSpace, { prefix: '/v2', authentication, observer, routes: v2, versioned: true });
  // IBM's calls of the extension carry no version.
  await fastify.register(osbSpace, {
    prefix: '/bluemix_v1',
    authentication,
    observer,
    routes: bluemixV1,
    versioned: false,
  });
}
