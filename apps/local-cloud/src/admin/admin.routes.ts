import { type FastifyInstance } from 'fastify';
import { type Cloud } from '../cloud';
import { UnreadableBodyError } from '../http/server';
import { AdminError } from './admin.errors';
import { registerIdentityAdmin } from './identity-admin.routes';
import { registerInstanceAdmin } from './instance-admin.routes';
import { Provisioning } from './provisioning';
import { registerTrafficAdmin } from './traffic-admin.routes';

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/** The hand that sets the scene. There is no login: it answers on loopback only, and never to a web page. */
export function registerAdmin(app: FastifyInstance, cloud: Cloud): void {
  app.register(
    (admin, _options, done) => {
      admin.addHook('onRequest', (request, reply, next) => {
        const local = LOOPBACK.test(request.socket.remoteAddress ?? '') && request.headers.origin === undefined;
        if (local) next();
        else void reply.code(403).send({ error: 'the admin API answers local programs only' });
      });
      admin.setErrorHandler((error, request, reply) => {
        if (error instanceof AdminError) return reply.code(error.status).send({ error: error.message });
        if (error instanceof UnreadableBodyError) return reply.code(400).send({ error: error.message });
        const status = (error as { statusCode?: number }).statusCode ?? 500;
        if (status >= 500) request.log.error(error);
        return reply.code(status).send({ error: status >= 500 ? 'internal error' : 'the request cannot be read' });
      });
      const provisioning = new Provisioning(cloud);
      admin.get('/health', () => ({ status: 'ready', pid: process.pid, url: cloud.baseUrl() }));
      registerInstanceAdmin(admin, cloud, provisioning);
      registerIdentityAdmin(admin, cloud, provisioning);
      registerTrafficAdmin(admin, cloud);
      done();
    },
    { prefix: '/admin' },
  );
}
