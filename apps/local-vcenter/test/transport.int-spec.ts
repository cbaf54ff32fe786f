import { type RetrieveResult, type ServiceContent, type UserSession } from '@lib/vi-json';

import { UNKIND } from '../src/behaviour';
import { PASSWORD, TestVcenter } from './test-vcenter';

const CONTENT = 'ServiceInstance/ServiceInstance/content';
const CRYPTO = 'CryptoManagerKmip/CryptoManager';
const COLLECTOR = 'PropertyCollector/propertyCollector';

let vcenter: TestVcenter;

beforeEach(async () => {
  vcenter = await TestVcenter.start();
});

afterEach(() => vcenter.close());

describe('before a login', () => {
  it('tells its releases without a session', async () => {
    const answer = await vcenter.send('GET', '/sdk/vimServiceVersions.xml');
    expect(answer.headers['content-type']).toContain('text/xml');
    expect(answer.body).toContain(
      '<name>urn:vim25</name><version>8.0.3.0</version><priorVersions><version>8.0.2.0</version>',
    );
  });

  it.each([
    [['9.0.0.0', '8.0.3.0', '8.0.2.0'], 200, { api_release: '8.0.3.0' }],
    [['8.0.1.0', '8.0.3.0'], 200, { api_release: '8.0.1.0' }],
    [['9.1.0.0'], 200, { api_release: '' }],
    [[], 400, expect.anything()],
    [Array.from({ length: 129 }, () => '8.0.3.0'), 400, expect.anything()],
    [['8'.repeat(65)], 400, expect.anything()],
    ['8.0.3.0', 400, expect.anything()],
  ])('agrees on a release by hello: %j', async (api_releases, status, body: unknown) => {
    const answer = await vcenter.send('POST', '/api/vcenter/system?action=hello', { body: { api_releases } });
    expect(answer).toMatchObject({ status, body });
  });

  it('shows the service content, by property and by method', async () => {
    const content = (await vcenter.get(CONTENT, '8.0.1.0')).body as ServiceContent;
    expect(content).toMatchObject({
      _typeName: 'ServiceContent',
      rootFolder: { _typeName: 'ManagedObjectReference', type: 'Folder', value: 'group-d1' },
      cryptoManager: { type: 'CryptoManagerKmip', value: 'CryptoManager' },
      about: { apiType: 'VirtualCenter', apiVersion: '8.0.3.0', build: '24322831' },
    });
    expect((await vcenter.post('ServiceInstance/ServiceInstance/RetrieveServiceContent')).body).toEqual(content);
  });

  it('answers a newer release than it knows with a 500', async () => {
    expect(await vcenter.get(CONTENT, '9.0.0.0')).toMatchObject({ status: 500, body: { _typeName: 'InvalidRequest' } });
  });

  it.each([
    ['a method', () => vcenter.post(`${CRYPTO}/ListKmipServers`)],
    ['a property', () => vcenter.get(`${CRYPTO}/kmipServers`)],
    ['an end of the session', () => vcenter.post('SessionManager/SessionManager/Logout')],
  ])('refuses %s with NotAuthenticated, which is a 500', async (_name, call) => {
    expect(await call()).toMatchObject({
      status: 500,
      body: { _typeName: 'NotAuthenticated', faultstring: 'The session is not authenticated.' },
    });
  });

  it('does not refuse properties as a whole: each is missing', async () => {
    const answer = await vcenter.post(`${COLLECTOR}/RetrievePropertiesEx`, {
      specSet: [
        {
          propSet: [{ type: 'Folder', pathSet: ['name'] }],
          objectSet: [{ obj: { type: 'Folder', value: 'group-d1' } }],
        },
      ],
      options: {},
    });
    expect(answer.status).toBe(200);
    const [object] = (answer.body as RetrieveResult).objects;
    expect(object).toMatchObject({ missingSet: [{ path: 'name', fault: { _typeName: 'NotAuthenticated' } }] });
    expect(object?.propSet).toBeUndefined();
  });
});

describe('a session', () => {
  const login = (body: object) => vcenter.post('SessionManager/SessionManager/Login', body);
  const right = { userName: 'Administrator@vsphere.local', password: PASSWORD };

  it('begins with a token in a header that is not its key', async () => {
    const answer = await login(right);
    expect(answer.headers['vmware-api-session-id']).toMatch(/^[0-9a-f]{40}$/);
    const session = answer.body as UserSession;
    expect(session).toMatchObject({ _typeName: 'UserSession', userName: 'VSPHERE.LOCAL\\administrator', locale: 'en' });
    expect(session.key).not.toBe(answer.headers['vmware-api-session-id']);
  });

  it.each([
    ['a wrong password', { ...right, password: 'wrong' }, 'InvalidLogin'],
    ['a user there is not', { ...right, userName: 'nobody@vsphere.local' }, 'InvalidLogin'],
    ['a locale there is not', { ...right, locale: 'tlh' }, 'InvalidLocale'],
  ])('is refused for %s', async (_name, body, fault) => {
    const answer = await login(body);
    expect(answer).toMatchObject({ status: 500, body: { _typeName: fault } });
    expect(answer.headers['vmware-api-session-id']).toBeUndefined();
  });

  it('is refused to a user without any role', async () => {
    await vcenter.admin('PUT', '/users/guest@vsphere.local', { password: PASSWORD, role: 'none' });
    expect(await login({ userName: 'guest@vsphere.local', password: PASSWORD })).toMatchObject({
      body: { _typeName: 'NoPermission', privilegeId: 'System.View' },
    });
  });

  it('is refused for five minutes after five wrong passwords, but never to the administrator', async () => {
    await vcenter.admin('PUT', '/users/operator@vsphere.local', { password: PASSWORD });
    const operator = { ...right, userName: 'operator@vsphere.local' };
    for (const { userName } of [operator, right]) {
      for (let attempt = 0; attempt < 6; attempt += 1) await login({ userName, password: 'wrong' });
    }
    expect(await login(operator)).toMatchObject({ body: { _typeName: 'InvalidLogin' } });
    expect(await login(right)).toMatchObject({ status: 200 });
    await vcenter.advance(301);
    expect(await login(operator)).toMatchObject({ status: 200 });
  });

  it('is one at a time', async () => {
    await vcenter.login();
    expect(await login(right)).toMatchObject({ status: 500, body: { _typeName: 'InvalidLogin' } });
  });

  it.each([
    ['it ends itself', () => vcenter.call('SessionManager/SessionManager/Logout')],
    ['it is idle for long', () => vcenter.advance(1801)],
    ['it is ended by another', () => vcenter.admin('POST', '/sessions/expire')],
  ])('ends when %s', async (_name, end) => {
    await vcenter.login();
    expect((await vcenter.get(`${CRYPTO}/enabled`)).body).toBe(true);
    await end();
    expect((await vcenter.get(`${CRYPTO}/enabled`)).body).toMatchObject({ _typeName: 'NotAuthenticated' });
  });

  it('tells beforehand what a user may do', async () => {
    await vcenter.admin('PUT', '/users/some@vsphere.local', {
      password: PASSWORD,
      without: ['Cryptographer.ManageKeys'],
    });
    const session = (await login({ userName: 'some@vsphere.local', password: PASSWORD })).body as UserSession;
    await vcenter.login();
    const rights = await vcenter.call('AuthorizationManager/AuthorizationManager/HasPrivilegeOnEntities', {
      entity: [{ type: 'Folder', value: 'group-d1' }],
      sessionId: session.key,
      privId: ['Cryptographer.ManageKeys', 'Cryptographer.ManageKeyServers', 'Cryptographer.Unheard'],
    });
    expect(rights).toMatchObject([
      {
        privAvailability: [
          { privId: 'Cryptographer.ManageKeys', isGranted: false },
          { privId: 'Cryptographer.ManageKeyServers', isGranted: true },
          { privId: 'Cryptographer.Unheard', isGranted: false },
        ],
      },
    ]);
  });
});

describe('a call', () => {
  beforeEach(() => vcenter.login());

  it.each([
    ['no body', undefined],
    ['an empty body', {}],
    ['the name of the method', { _typeName: 'ListKmipServers' }],
    ['the name of the request type', { _typeName: 'ListKmipServersRequestType' }],
  ])('may have %s', async (_name, body) => {
    expect(await vcenter.post(`${CRYPTO}/ListKmipServers`, body)).toMatchObject({ status: 204, body: undefined });
  });

  it.each([
    ['is no JSON', 'MarkDefault', '{"clusterId"'],
    ['is no object', 'MarkDefault', '[]'],
    ['says another type', 'MarkDefault', { _typeName: 'Login', clusterId: { id: 'a' } }],
    ['lacks a parameter', 'MarkDefault', {}],
    ['has a parameter too many', 'MarkDefault', { clusterId: { id: 'a' }, cluster: { id: 'a' } }],
    ["has a neighbour's parameter", 'UploadKmipServerCert', { clusterId: { id: 'a' }, certificate: '' }],
    ['has a value of another type', 'ListKmipServers', { limit: '1' }],
    ['has a number beyond an int', 'ListKmipServers', { limit: 2 ** 31 }],
    ['has an object of another type', 'MarkDefault', { clusterId: { _typeName: 'CryptoKeyId', id: 'a' } }],
    ['has a member too many', 'MarkDefault', { clusterId: { id: 'a', name: 'a' } }],
    ['uses what 9.0 brought', 'GenerateKey', { keyProvider: { id: 'a' }, keySpec: { keyType: 'rawKey' } }],
  ])('that %s is malformed', async (_name, method, body) => {
    expect(await vcenter.post(`${CRYPTO}/${method}`, body)).toMatchObject({
      status: 500,
      body: { _typeName: 'InvalidRequest' },
    });
  });

  it.each([
    ['another case of a method', `${CRYPTO}/listKmipServers`, 'InvalidRequest'],
    ['a task without its suffix', `${CRYPTO}/RetrieveKmipServersStatus`, 'InvalidRequest'],
    ['another case of a type', 'cryptoManagerKmip/CryptoManager/ListKmipServers', 'ManagedObjectNotFound'],
    ['an object there is not', 'Task/task-9/CancelTask', 'ManagedObjectNotFound'],
  ])('of %s fails', async (_name, path, fault) => {
    expect(await vcenter.post(path)).toMatchObject({ status: 500, body: { _typeName: fault } });
  });

  it('names the privilege that is missing, in each of the places', async () => {
    await vcenter.loginWithout('Cryptographer.ManageKeyServers');
    const entity = { _typeName: 'ManagedObjectReference', type: 'Folder', value: 'group-d1' };
    expect((await vcenter.post(`${CRYPTO}/ListKmipServers`)).body).toMatchObject({
      _typeName: 'NoPermission',
      object: entity,
      privilegeId: 'Cryptographer.ManageKeyServers',
      missingPrivileges: [{ entity, privilegeIds: ['Cryptographer.ManageKeyServers'] }],
      faultstring: expect.stringContaining('Cryptographer.ManageKeyServers') as string,
    });
  });
});

describe('values', () => {
  beforeEach(async () => {
    await vcenter.login();
    const server = { clusterId: { id: 'acme' }, info: { name: 'kmip-1', address: '127.0.0.1', port: 5696 } };
    await vcenter.call(`${CRYPTO}/RegisterKmipServer`, { server });
  });

  const kmipServers = async (): Promise<unknown> => {
    const { objects } = await vcenter.call<RetrieveResult>(`${COLLECTOR}/RetrievePropertiesEx`, {
      specSet: [
        {
          propSet: [{ type: 'CryptoManagerKmip', pathSet: ['kmipServers', 'enabled'] }],
          objectSet: [{ obj: { type: 'CryptoManagerKmip', value: 'CryptoManager' } }],
        },
      ],
      options: {},
    });
    return objects[0]?.propSet?.map(({ val }) => val);
  };

  it('are in boxes where Any is declared, and nowhere else', async () => {
    const [provider] = (await vcenter.get(`${CRYPTO}/kmipServers`)).body as unknown[];
    expect(provider).toMatchObject({ _typeName: 'KmipClusterInfo', clusterId: { _typeName: 'KeyProviderId' } });
    expect(await kmipServers()).toEqual([
      { _typeName: 'ArrayOfKmipClusterInfo', _value: [provider] },
      { _typeName: 'boolean', _value: true },
    ]);
  });

  it('may say their type only where it is not clear', async () => {
    await vcenter.admin('POST', '/behaviour', UNKIND);
    expect(await kmipServers()).toEqual([
      {
        _typeName: 'ArrayOfKmipClusterInfo',
        _value: [
          {
            _typeName: 'KmipClusterInfo',
            clusterId: { id: 'acme' },
            servers: [{ name: 'kmip-1', address: '127.0.0.1', port: 5696 }],
            useAsDefault: true,
            managementType: 'vCenter',
          },
        ],
      },
      { _typeName: 'boolean', _value: true },
    ]);
    const { body } = await vcenter.get(CONTENT);
    expect(body).toMatchObject({ _typeName: 'ServiceContent', rootFolder: { type: 'Folder', value: 'group-d1' } });
    expect((body as ServiceContent).rootFolder._typeName).toBeUndefined();
  });

  it.each([
    ['no_content', 204, undefined],
    ['empty', 200, undefined],
    ['null', 200, null],
  ])('that are nothing may be %s', async (nothing, status, body) => {
    await vcenter.admin('POST', '/behaviour', { nothing });
    const answer = await vcenter.post(`${CRYPTO}/QueryCryptoKeyStatus`, { checkKeyBitMap: 1 });
    expect([answer.status, answer.body]).toEqual([status, body]);
  });
});

describe('what an administrator of the test may have happen', () => {
  beforeEach(() => vcenter.login());

  const fault = (effect: object, match: object = { method: 'MarkDefault' }): Promise<unknown> =>
    vcenter.admin('POST', '/faults', { match, effect, count: 1 });
  const register = (name: string) =>
    vcenter.crypto('RegisterKmipServer', {
      server: { clusterId: { id: 'acme' }, info: { name, address: '127.0.0.1', port: 5696 } },
    });

  it('a fault in a call, once', async () => {
    await fault({ kind: 'fault', fault: 'TaskInProgress', members: { task: { type: 'Task', value: 'task-1' } } });
    const call = () => vcenter.crypto('MarkDefault', { clusterId: { id: 'acme' } });
    expect((await call()).body).toMatchObject({ _typeName: 'TaskInProgress', task: { value: 'task-1' } });
    expect((await call()).body).toMatchObject({ _typeName: 'InvalidArgument' });
  });

  it("a page of the reverse proxy's, before and after the call took effect", async () => {
    const match = { method: 'RegisterKmipServer' };
    await fault({ kind: 'page', status: 503 }, match);
    const answer = await register('kmip-1');
    expect([answer.status, answer.headers['content-type']]).toEqual([503, 'text/html']);
    expect((await vcenter.get(`${CRYPTO}/kmipServers`)).status).toBe(204);
    await fault({ kind: 'page', status: 504, when: 'after' }, match);
    expect((await register('kmip-1')).status).toBe(504);
    expect((await vcenter.get(`${CRYPTO}/kmipServers`)).body).toHaveLength(1);
  });

  it('a lost connection', async () => {
    await fault({ kind: 'reset', when: 'after' }, { method: 'RegisterKmipServer' });
    await expect(register('kmip-1')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await vcenter.get(`${CRYPTO}/kmipServers`)).body).toHaveLength(1);
  });

  it('asked by a web page, nothing', async () => {
    const answer = await vcenter.send('GET', '/admin/health', { headers: { origin: 'https://example.com' } });
    expect(answer.status).toBe(403);
  });

  it('counts calls, and keeps nothing secret of them', async () => {
    await vcenter.admin('DELETE', '/calls');
    await register('kmip-1');
    const log = await vcenter.admin<{ counts: object; latest: object[] }>('GET', '/calls');
    expect(log.counts).toEqual({ 'CryptoManagerKmip.RegisterKmipServer': 1 });
    expect(log.latest).toMatchObject([
      { method: 'RegisterKmipServer', user: 'administrator@vsphere.local', status: 204 },
    ]);
  });
});
