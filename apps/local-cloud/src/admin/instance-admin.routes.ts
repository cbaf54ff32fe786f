import { createHash } from 'node:crypto';
import { type FastifyInstance } from 'fastify';
import { type Cloud } from '../cloud';
import { type InstanceRow } from '../journal/rows';
import { endpointsOf, instanceCrn } from '../resource-controller/instance-record';
import { accountInput, instanceChange, instanceInput, parse, seedInput, serviceInput } from './admin-input';
import { AdminError } from './admin.errors';
import { type Provisioning } from './provisioning';

export function registerInstanceAdmin(admin: FastifyInstance, cloud: Cloud, provisioning: Provisioning): void {
  const describe = (row: InstanceRow) => ({ ...row, crn: instanceCrn(row), endpoints: endpointsOf(cloud, row) });

  admin.post('/seed', async (request, reply) => {
    const { account, instance, rootKey, serviceId, apiKey, apikey } = await provisioning.seed(
      parse(seedInput, request.body),
    );
    const keyCrn = `${instanceCrn(instance).slice(0, -2)}:key:${rootKey.id}`;
    return reply.code(201).send({
      account,
      instance: describe(instance),
      rootKey: { id: rootKey.id, name: rootKey.name, crn: keyCrn },
      serviceId,
      apiKey: { ...apiKey, apikey },
      iamUrl: `${cloud.baseUrl()}/iam`,
      resourceControllerUrl: `${cloud.baseUrl()}/resource-controller`,
    });
  });

  admin.post('/accounts', async (request, reply) => {
    const { row, changes } = provisioning.account(parse(accountInput, request.body));
    await cloud.store.commit(...changes);
    return reply.code(201).send(row);
  });

  admin.post('/instances', async (request, reply) => {
    const input = parse(instanceInput, request.body);
    if (!cloud.store.get('account', input.accountId)) throw new AdminError(404, 'no such account');
    const { row, changes } = provisioning.instance(input);
    await cloud.store.commit(...changes);
    return reply.code(201).send(describe(row));
  });

  admin.get('/instances', () => [...cloud.store.list('instance')].map(describe));

  admin.patch<{ Params: { id: string } }>('/instances/:id', async (request) => {
    const row = cloud.store.get('instance', request.params.id);
    if (!row) throw new AdminError(404, 'no such instance');
    const change = parse(instanceChange, request.body);
    const changed = { ...row, state: change.state ?? row.state, initialized: change.initialized ?? row.initialized };
    await cloud.store.commit(['instance', row.id, changed]);
    return describe(changed);
  });

  /** What lies in an instance, to compare with what the product believes: everything but the material itself. */
  admin.get<{ Params: { id: string } }>('/instances/:id/keys', (request) =>
    [...cloud.store.list('key', request.params.id)].map(({ versions, ...row }) => ({
      ...row,
      versions: versions.map(({ id, createdAt, material }) => ({ id, createdAt, materialSha256: sha256(material) })),
    })),
  );

  admin.post('/services', async (request, reply) => {
    const row = parse(serviceInput, request.body);
    await cloud.store.commit(['service', row.name, row]);
    return reply.code(201).send(row);
  });
}

const sha256 = (base64: string): string => createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex');
