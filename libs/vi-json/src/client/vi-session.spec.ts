import { box, reference } from '../types/values';
import { KeyProviders } from './key-providers';
import { retrieveAll, retrieveSome } from './properties';
import { CONTENT, EMPTY, json, ScriptedTransport } from './scripted-transport.fixture';
import { taskOutcome, taskResult } from './tasks';
import { ViConnectionError } from './vi-connection.error';
import { ViFault } from './vi-fault';
import { ViSession } from './vi-session';

const credentials = { userName: 'administrator@vsphere.local', password: 'not-a-secret' };
const open = (transport: ScriptedTransport): Promise<ViSession> => ViSession.open({ transport, credentials });
const failure = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

const NOT_AUTHENTICATED = json(500, {
  _typeName: 'NotAuthenticated',
  object: { type: 'CryptoManagerKmip', value: 'CryptoManager' },
  privilegeId: '',
  faultstring: 'The session is not authenticated.',
});

describe('negotiation', () => {
  it('takes the release that hello agrees on', async () => {
    const session = await open(ScriptedTransport.ready({}));
    expect(session.release).toBe('8.0.3.0');
  });

  it('takes 8.0.1.0 where there is no hello', async () => {
    const session = await open(
      new ScriptedTransport({
        '/8.0.1.0/ServiceInstance/ServiceInstance/content': json(200, CONTENT),
        '/Login': json(200, { key: 'k' }, { 'vmware-api-session-id': 't' }),
      }),
    );
    expect(session.release).toBe('8.0.1.0');
  });

  it('goes down to a release that the server knows when hello is broken', async () => {
    const session = await open(
      new ScriptedTransport({
        'action=hello': { status: 500, headers: { 'content-type': 'text/html' }, body: '<html>' },
        '/8.0.2.0/ServiceInstance/ServiceInstance/content': json(200, CONTENT),
        '/ServiceInstance/content': json(500, { _typeName: 'InvalidRequest', faultstring: '' }),
        '/Login': json(200, { key: 'k' }, { 'vmware-api-session-id': 't' }),
      }),
    );
    expect(session.release).toBe('8.0.2.0');
  });

  it('says that 7.0 has no JSON API, and what to do', async () => {
    const error = await failure(
      open(
        new ScriptedTransport({
          'vimServiceVersions.xml': {
            status: 200,
            headers: { 'content-type': 'text/xml' },
            body: '<namespaces version="1.0"><namespace><name>urn:vim25</name><version>7.0.3.0</version></namespace></namespaces>',
          },
          '/ServiceInstance/content': { status: 500, headers: { 'content-type': 'text/xml' }, body: '<soapenv/>' },
        }),
      ),
    );
    expect(error).toMatchObject({ code: 'no_json_api' });
    expect(String(error)).toMatch(/7\.0\.3\.0.*no JSON API.*PowerCLI/);
  });

  it('sends nobody to a host', async () => {
    const host = { ...CONTENT, about: { ...CONTENT.about, apiType: 'HostAgent', fullName: 'VMware ESXi 8.0.3' } };
    const error = await failure(open(ScriptedTransport.ready({ '/ServiceInstance/content': json(200, host) })));
    expect(error).toMatchObject({ code: 'not_a_vcenter' });
  });

  it('waits for no service that is starting', async () => {
    const starting = { status: 503, headers: { 'content-type': 'text/plain' }, body: 'no healthy upstream' };
    expect(await failure(open(ScriptedTransport.ready({ 'system?action=hello': starting })))).toMatchObject({
      code: 'proxy_answer',
    });
  });
});

describe('session', () => {
  it('sends a wrong password once, since vCenter locks accounts', async () => {
    const transport = ScriptedTransport.ready({
      '/Login': json(500, { _typeName: 'InvalidLogin', faultstring: 'Cannot complete login.' }),
    });
    const error = await failure(open(transport));
    expect(error).toBeInstanceOf(ViFault);
    expect((error as ViFault).is('InvalidLogin')).toBe(true);
    expect(transport.calls.filter((call) => call === 'Login')).toHaveLength(1);
  });

  it('repeats the token, and takes a new one from any answer', async () => {
    const transport = ScriptedTransport.ready({
      '/ListKmipServers': json(200, [], { 'vmware-api-session-id': 'token-renewed' }),
    });
    const providers = new KeyProviders(await open(transport));
    await providers.list();
    await providers.list();
    expect(transport.requests.slice(-2).map(({ headers }) => headers['vmware-api-session-id'])).toEqual([
      'token-1',
      'token-renewed',
    ]);
  });

  it('logs in once more when the session ended, and repeats the call', async () => {
    let calls = 0;
    const transport = ScriptedTransport.ready({
      '/ListKmipServers': () => (++calls === 1 ? NOT_AUTHENTICATED : json(200, [])),
    });
    expect(await new KeyProviders(await open(transport)).list()).toEqual([]);
    expect(transport.calls.slice(-3)).toEqual(['ListKmipServers', 'Login', 'ListKmipServers']);
  });

  it('does not log in for ever', async () => {
    const transport = ScriptedTransport.ready({ '/ListKmipServers': NOT_AUTHENTICATED });
    const error = await failure(new KeyProviders(await open(transport)).list());
    expect((error as ViFault).is('NotAuthenticated')).toBe(true);
    expect(transport.calls.filter((call) => call === 'Login')).toHaveLength(2);
  });

  it('repeats a read when the proxy was not ready, and never a change', async () => {
    const busy = { status: 503, headers: { 'content-type': 'text/html' }, body: 'upstream' };
    let reads = 0;
    const transport = ScriptedTransport.ready({
      '/ListKeys': () => (++reads < 2 ? busy : json(200, [])),
      '/MarkDefault': busy,
    });
    const providers = new KeyProviders(await open(transport));
    expect(await providers.listKeys()).toEqual([]);
    expect(await failure(providers.makeDefault('p'))).toMatchObject({ code: 'proxy_answer' });
    expect(transport.calls.filter((call) => call === 'MarkDefault')).toHaveLength(1);
  });

  it('takes nothing for an answer, as 204, empty 200 or null', async () => {
    for (const nothing of [EMPTY, { status: 200, headers: {}, body: '' }, json(200, null)]) {
      const providers = new KeyProviders(await open(ScriptedTransport.ready({ '/ListKmipServers': nothing })));
      expect(await providers.list()).toEqual([]);
    }
  });

  it('sends a method without parameters without a body', async () => {
    const transport = ScriptedTransport.ready({});
    await (await open(transport)).close();
    expect(transport.requests.at(-1)).toMatchObject({ method: 'POST' });
    expect(transport.requests.at(-1)).not.toHaveProperty('body');
    expect(transport.closed).toBe(true);
  });
});

describe('refusals', () => {
  it('name every privilege that is missing, and where', async () => {
    const transport = ScriptedTransport.ready({
      '/GenerateKey': json(500, {
        _typeName: 'NoPermission',
        object: { type: 'Folder', value: 'group-d1' },
        privilegeId: 'Cryptographer.ManageKeys',
        missingPrivileges: [
          {
            entity: { type: 'Folder', value: 'group-d1' },
            privilegeIds: ['Cryptographer.ManageKeys', 'Cryptographer.Access'],
          },
        ],
        faultstring: 'Permission to perform this operation was denied.',
      }),
    });
    const error = (await failure(new KeyProviders(await open(transport)).generateKey('p'))) as ViFault;
    expect(error.missingPrivileges.map(({ privilege }) => privilege)).toEqual([
      'Cryptographer.ManageKeys',
      'Cryptographer.Access',
    ]);
    expect(error.message).toContain('Missing: Cryptographer.ManageKeys on Folder:group-d1, Cryptographer.Access');
  });

  it('are found in a 200 too', async () => {
    for (const fault of [
      { _typeName: 'SystemError', reason: 'key server', faultstring: '' },
      { _typeName: 'LocalizedMethodFault', fault: { _typeName: 'SystemError', reason: 'key server' } },
      { fault: { _typeName: 'SystemError', reason: 'key server' }, localizedMessage: '' },
    ]) {
      const transport = ScriptedTransport.ready({
        '/GenerateKey': json(200, {
          keyId: { keyId: '' },
          success: false,
          reason: 'Failed to generate key on KMS kms-1: QLC_ERR_VALUE_MISSING',
          fault,
        }),
      });
      const error = (await failure(new KeyProviders(await open(transport)).generateKey('p'))) as ViFault;
      expect(error.typeName).toBe('SystemError');
      expect(error.message).toContain('QLC_ERR_VALUE_MISSING');
    }
  });

  it("without a JSON body are the proxy's", async () => {
    const transport = ScriptedTransport.ready({
      '/ListKeys': { status: 500, headers: { 'content-type': 'text/html' }, body: '<h1>' },
    });
    const error = await failure(new KeyProviders(await open(transport)).listKeys());
    expect(error).toBeInstanceOf(ViConnectionError);
  });
});

describe('properties', () => {
  const vm = (id: string) => reference('VirtualMachine', id);

  it('are read page by page, and the view is taken away', async () => {
    const tokens: unknown[] = [];
    const transport = ScriptedTransport.ready({
      '/CreateContainerView': json(200, reference('ContainerView', 'view-1')),
      '/ContinueRetrievePropertiesEx': ({ body }) => {
        tokens.push(JSON.parse(body ?? ''));
        return json(200, { objects: [{ obj: vm('vm-2'), propSet: [{ name: 'name', val: 'unboxed' }] }] });
      },
      '/RetrievePropertiesEx': json(200, {
        token: '1',
        objects: [{ obj: vm('vm-1'), propSet: [{ name: 'name', val: box('string', 'db01') }] }],
      }),
      '/DestroyView': EMPTY,
    });
    const found = await retrieveAll(await open(transport), { VirtualMachine: ['name'] });
    expect(found.map((object) => object.get('name'))).toEqual(['db01', 'unboxed']);
    expect(tokens).toEqual([{ token: '1' }]);
    expect(transport.calls.at(-1)).toBe('DestroyView');
  });

  it('that were denied are not taken for unset', async () => {
    const denied = { _typeName: 'NoPermission', privilegeId: 'System.Read', object: vm('vm-1') };
    const transport = ScriptedTransport.ready({
      '/RetrievePropertiesEx': json(200, {
        objects: [{ obj: vm('vm-1'), missingSet: [{ path: 'config', fault: denied }] }],
      }),
    });
    const [object] = await retrieveSome(await open(transport), [vm('vm-1')], { VirtualMachine: ['config.keyId'] });
    expect(() => object?.get('config.keyId')).toThrow('System.Read');
  });

  it('are read again after a login when a 200 hides that the session ended', async () => {
    let calls = 0;
    const fault = { fault: { _typeName: 'NotAuthenticated', privilegeId: 'System.View' }, localizedMessage: '' };
    const transport = ScriptedTransport.ready({
      '/RetrievePropertiesEx': () =>
        json(200, {
          objects: [
            ++calls === 1
              ? { obj: vm('vm-1'), missingSet: [{ path: 'name', fault }] }
              : { obj: vm('vm-1'), propSet: [{ name: 'name', val: box('string', 'db01') }] },
          ],
        }),
    });
    const [object] = await retrieveSome(await open(transport), [vm('vm-1')], { VirtualMachine: ['name'] });
    expect(object?.get('name')).toBe('db01');
  });
});

describe('tasks', () => {
  const task = reference('Task', 'task-9');
  const info = (members: object) =>
    json(200, {
      objects: [
        {
          obj: task,
          propSet: [{ name: 'info', val: { _typeName: 'TaskInfo', task, descriptionId: 'x.y', ...members } }],
        },
      ],
    });

  it('end with what their box holds', async () => {
    let asked = 0;
    const transport = ScriptedTransport.ready({
      '/RetrievePropertiesEx': () =>
        ++asked < 3 ? info({ state: 'running', progress: 40 }) : info({ state: 'success', result: box('int', 7) }),
    });
    const seen: number[] = [];
    const result = await taskResult(await open(transport), task, { onProgress: (percent) => seen.push(percent) });
    expect(result).toBe(7);
    expect(seen).toEqual([40, 40]);
  });

  it('end with a fault of either form', async () => {
    for (const error of [
      { _typeName: 'EncryptionKeyRequired', faultstring: 'key' },
      { _typeName: 'LocalizedMethodFault', fault: { _typeName: 'EncryptionKeyRequired' }, localizedMessage: 'key' },
    ]) {
      const transport = ScriptedTransport.ready({ '/RetrievePropertiesEx': info({ state: 'error', error }) });
      const ended = await taskOutcome(await open(transport), task);
      expect(ended).toMatchObject({ state: 'error', fault: { typeName: 'EncryptionKeyRequired' } });
    }
  });

  it('that vCenter has forgotten are gone, and no error', async () => {
    const gone = { _typeName: 'ManagedObjectNotFound', obj: task };
    const transport = ScriptedTransport.ready({
      '/RetrievePropertiesEx': json(200, { objects: [{ obj: task, missingSet: [{ path: '', fault: gone }] }] }),
    });
    expect(await taskOutcome(await open(transport), task)).toEqual({ state: 'gone' });
  });

  it('are cancelled in vCenter too', async () => {
    const transport = ScriptedTransport.ready({
      '/RetrievePropertiesEx': info({ state: 'running', cancelable: true }),
      '/CancelTask': EMPTY,
    });
    const session = await open(transport);
    const error = await failure(taskOutcome(session, task, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'cancelled' });
    expect(transport.calls.at(-1)).toBe('CancelTask');
  });

  it('that take too long are left, and said to run', async () => {
    const transport = ScriptedTransport.ready({ '/RetrievePropertiesEx': info({ state: 'running' }) });
    const error = await failure(taskOutcome(await open(transport), task, { timeoutMs: 0 }));
    expect(error).toMatchObject({ code: 'deadline' });
  });
});
