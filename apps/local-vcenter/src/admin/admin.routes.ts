import { type FastifyInstance } from 'fastify';

import { type Center } from '../center';
import {
  AdminError,
  behaviourInput,
  bodyOf,
  clockInput,
  done,
  faultInput,
  parse,
  sessionsInput,
  userInput,
} from './admin-input';
import { registerInventoryAdmin } from './inventory-admin.routes';

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/** The hand that sets the scene. There is no login: it answers on loopback only, and never to a web page. */
export function registerAdmin(app: FastifyInstance, center: Center, baseUrl: () => string): void {
  app.register(
    (admin, _options, registered) => {
      admin.addHook('onRequest', (request, reply, next) => {
        const local = LOOPBACK.test(request.socket.remoteAddress ?? '') && request.headers.origin === undefined;
        if (local) next();
        else void reply.code(403).send({ error: 'the admin API answers local programs only' });
      });
      admin.setErrorHandler((error, request, reply) => {
        if (error instanceof AdminError) return reply.code(error.status).send({ error: error.message });
        const status = (error as { statusCode?: number }).statusCode ?? 500;
        if (status >= 500) request.log.error(error);
        return reply.code(status).send({ error: status >= 500 ? 'internal error' : 'the request cannot be read' });
      });
      admin.get('/health', () => ({ status: 'ready', pid: process.pid, url: baseUrl() }));
      registerUsers(admin, center);
      registerFaults(admin, center);
      registerClock(admin, center);
      registerBehaviour(admin, center);
      registerLogs(admin, center);
      registerInventoryAdmin(admin, center);
      registered();
    },
    { prefix: '/admin' },
  );
}

function registerUsers(admin: FastifyInstance, { store, sessions, users }: Center): void {
  admin.put<{ Params: { name: string } }>('/users/:name', async (request, reply) => {
    const name = request.params.name.toLowerCase();
    await store.commit(['user', name, { name, ...parse(userInput, bodyOf(request)) }]);
    return done(reply);
  });
  admin.delete<{ Params: { name: string } }>('/users/:name', async (request, reply) => {
    const user = users.find(request.params.name);
    if (user === undefined) throw new AdminError(404, 'no such user');
    await store.commit(['user', user.name, null]);
    return done(reply);
  });
  /** A session that ended: of one user, or all. */
  admin.post('/sessions/expire', (request) => {
    return { expired: sessions.expire(parse(sessionsInput, bodyOf(request)).user?.toLowerCase()) };
  });
}

function registerFaults(admin: FastifyInstance, { faults }: Center): void {
  admin.post('/faults', (request, reply) => reply.code(201).send(faults.add(parse(faultInput, bodyOf(request)))));
  admin.get('/faults', () => faults.list());
  admin.delete('/faults', (_request, reply) => {
    faults.clear();
    return done(reply);
  });
  admin.delete<{ Params: { id: string } }>('/faults/:id', (request, reply) => {
    if (!faults.remove(request.params.id)) throw new AdminError(404, 'no such fault');
    return done(reply);
  });
}

function registerClock(admin: FastifyInstance, { clock, store }: Center): void {
  const show = () => ({ now: clock.now().toISOString(), offsetSeconds: clock.offsetMs / 1000 });
  admin.get('/clock', show);
  admin.post('/clock', async (request) => {
    const input = parse(clockInput, bodyOf(request));
    if ('advanceSeconds' in input) clock.moveTo(clock.offsetMs + input.advanceSeconds * 1000);
    else if ('now' in input) clock.moveTo(Date.parse(input.now) - Date.now());
    else clock.moveTo(0);
    const settings = store.get('settings', 'settings');
    if (settings) await store.commit(['settings', 'settings', { ...settings, clockOffsetMs: clock.offsetMs }]);
    return show();
  });
}

function registerBehaviour(admin: FastifyInstance, { behaviour }: Center): void {
  admin.get('/behaviour', () => behaviour.settings);
  admin.post('/behaviour', (request) => {
    const given = Object.entries(parse(behaviourInput, bodyOf(request))).filter(([, value]) => value !== undefined);
    behaviour.change(Object.fromEntries(given));
    return behaviour.settings;
  });
  admin.delete('/behaviour', (_request, reply) => {
    behaviour.forget();
    return done(reply);
  });
}

function registerLogs(admin: FastifyInstance, { calls, keyServers, keys }: Center): void {
  admin.get('/calls', () => ({ counts: calls.counts(), latest: calls.latest() }));
  admin.delete('/calls', (_request, reply) => {
    calls.clear();
    return done(reply);
  });
  /** What was done at key servers, after everything that was begun in the background has ended. */
  admin.get('/kmip', async () => {
    await keys.settled();
    return keyServers.log.latest();
  });
  admin.delete('/kmip', (_request, reply) => {
    keyServers.log.clear();
    return done(reply);
  });
}
