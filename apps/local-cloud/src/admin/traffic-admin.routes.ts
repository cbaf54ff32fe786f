import { type FastifyInstance } from 'fastify';
import { type Cloud } from '../cloud';
import { changeSettings, readSettings } from '../iam/token-issuer';
import { behaviourInput, clockInput, faultInput, parse, settingsInput } from './admin-input';
import { AdminError } from './admin.errors';

export function registerTrafficAdmin(admin: FastifyInstance, cloud: Cloud): void {
  registerFaults(admin, cloud);
  registerClock(admin, cloud);
  registerBehaviour(admin, cloud);

  admin.get('/requests', () => ({ counts: cloud.requests.counts(), latest: cloud.requests.latest() }));
  admin.delete('/requests', (_request, reply) => {
    cloud.requests.clear();
    return reply.code(204).send();
  });

  admin.get('/usage', () => [...cloud.store.list('usage')]);

  admin.post('/settings', async (request) => {
    const given = Object.entries(parse(settingsInput, request.body)).filter(([, value]) => value !== undefined);
    await changeSettings(cloud.store, Object.fromEntries(given));
    return readSettings(cloud.store);
  });

  admin.post('/reset', async (_request, reply) => {
    await cloud.store.clear();
    cloud.tokens.forget();
    cloud.faults.clear();
    cloud.behaviour.forget();
    cloud.requests.clear();
    cloud.clock.moveTo(0);
    return reply.code(204).send();
  });
}

function registerFaults(admin: FastifyInstance, cloud: Cloud): void {
  admin.post('/faults', (request, reply) => reply.code(201).send(cloud.faults.add(parse(faultInput, request.body))));
  admin.get('/faults', () => cloud.faults.list());
  admin.delete('/faults', (_request, reply) => {
    cloud.faults.clear();
    return reply.code(204).send();
  });
  admin.delete<{ Params: { id: string } }>('/faults/:id', (request, reply) => {
    if (!cloud.faults.remove(request.params.id)) throw new AdminError(404, 'no such fault');
    return reply.code(204).send();
  });
}

function registerClock(admin: FastifyInstance, cloud: Cloud): void {
  const show = () => ({ now: cloud.clock.now().toISOString(), offsetSeconds: cloud.clock.offsetMs / 1000 });
  admin.get('/clock', show);
  admin.post('/clock', async (request) => {
    const input = parse(clockInput, request.body);
    const { clock } = cloud;
    if ('advanceSeconds' in input) clock.moveTo(clock.offsetMs + input.advanceSeconds * 1000);
    else if ('now' in input) clock.moveTo(Date.parse(input.now) - Date.now());
    else clock.moveTo(0);
    await changeSettings(cloud.store, { clockOffsetMs: clock.offsetMs });
    return show();
  });
}

function registerBehaviour(admin: FastifyInstance, cloud: Cloud): void {
  const { behaviour } = cloud;
  const show = () => ({ ...behaviour.settings, rollBackMinutes: behaviour.rollBackMinutes });
  admin.get('/behaviour', show);
  admin.post('/behaviour', (request) => {
    const { rollBackMinutes, ...given } = parse(behaviourInput, request.body);
    const settings = Object.entries(given).filter(([, value]) => value !== undefined);
    behaviour.change(Object.fromEntries(settings));
    if (rollBackMinutes !== undefined) behaviour.rollBack(cloud.store, rollBackMinutes, cloud.clock.now());
    return show();
  });
  admin.delete('/behaviour', (_request, reply) => {
    behaviour.forget();
    return reply.code(204).send();
  });
}
