import { reference } from '../../types/values';
import { CONTENT, json, ScriptedTransport } from '../scripted-transport.fixture';
import type { ViRequest, ViResponse } from '../transport';
import { ViFault } from '../vi-fault';
import { ViSession } from '../vi-session';
import { Element, envelope } from './xml';

const SYSTEM = reference('VsanVcClusterConfigSystem', 'vsan-cluster-config-system');
const CLUSTER = reference('ClusterComputeResource', 'domain-c8');
const credentials = { userName: 'administrator@vsphere.local', password: 'a<b>&"c' };

const xml = (body: string, status = 200, headers: Record<string, string> = {}): ViResponse => ({
  status,
  headers: { 'content-type': 'text/xml; charset=utf-8', ...headers },
  body: envelope(body),
});
const fault = (type: string, sentence: string, members = ''): ViResponse =>
  xml(
    `<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${sentence}</faultstring><detail><${type}Fault xmlns="urn:vim25" xsi:type="${type}">${members}</${type}Fault></detail></soapenv:Fault>`,
    500,
  );
const VERSIONS = {
  status: 200,
  headers: { 'content-type': 'text/xml' },
  body: '<namespaces version="1.0"><namespace><name>urn:vsan</name><version>8.0.3.0</version><priorVersions><version>8.0.2.0</version></priorVersions></namespace></namespaces>',
};
const LOGGED_IN = xml('<LoginResponse xmlns="urn:vim25"><returnval><key>k</key></returnval></LoginResponse>', 200, {
  'set-cookie': 'other=1; Path=/\nvmware_soap_session="52f8a1"; Path=/; HttpOnly; Secure; ',
});
const config = (members: string): ViResponse =>
  xml(
    `<VsanClusterGetConfigResponse xmlns="urn:vsan"><returnval><enabled>true</enabled>${members}</returnval></VsanClusterGetConfigResponse>`,
  );
const encrypted = config(
  '<dataEncryptionConfig><encryptionEnabled>true</encryptionEnabled><kmsProviderId><id>acme &amp; co</id></kmsProviderId><kekId>kek</kekId><hostKeyId>host</hostKeyId><dekGenerationId>1</dekGenerationId><changing>false</changing></dataEncryptionConfig>',
);

/** A vCenter whose `/vsanHealth` gives these answers one after the other. */
function vcenter(...answers: readonly ViResponse[]): { transport: ScriptedTransport; asked: ViRequest[] } {
  const left = [...answers];
  const asked: ViRequest[] = [];
  const transport = ScriptedTransport.ready({
    '/sdk/vsanServiceVersions.xml': VERSIONS,
    '/vsanHealth': (request) => {
      asked.push(request);
      return left.shift() ?? answers.at(-1)!;
    },
    '/sdk': LOGGED_IN,
  });
  return { transport, asked };
}

async function read(transport: ScriptedTransport): Promise<unknown> {
  const session = await ViSession.open({ transport, credentials });
  return await session.call(SYSTEM, 'VsanVcClusterConfigSystem', 'VsanClusterGetConfig', { cluster: CLUSTER });
}

it('is asked with the cookie of a session of its own, in its own version', async () => {
  const { transport, asked } = vcenter(encrypted);
  expect(await read(transport)).toEqual({
    dataEncryptionConfig: {
      encryptionEnabled: true,
      kmsProviderId: { id: 'acme & co' },
      kekId: 'kek',
      hostKeyId: 'host',
      changing: false,
    },
  });
  expect(asked[0]).toMatchObject({
    method: 'POST',
    headers: {
      'content-type': 'text/xml; charset=utf-8',
      soapaction: 'urn:vsan/8.0.3.0',
      cookie: 'vmware_soap_session="52f8a1"',
    },
  });
  expect(asked[0]?.body).toContain(
    '<VsanClusterGetConfig xmlns="urn:vsan"><_this type="VsanVcClusterConfigSystem">vsan-cluster-config-system</_this>' +
      '<cluster type="ClusterComputeResource">domain-c8</cluster></VsanClusterGetConfig>',
  );
  const login = transport.requests.find(({ path }) => path === '/sdk');
  expect(
    Element.parse(login?.body ?? '')
      .child('Body')
      ?.child('Login')
      ?.child('password')?.text,
  ).toBe('a<b>&"c');
});

it('keeps its session for the next question, and ends it with the other one', async () => {
  const { transport } = vcenter(encrypted);
  const session = await ViSession.open({ transport, credentials });
  const ask = () => session.call(SYSTEM, 'VsanVcClusterConfigSystem', 'VsanClusterGetConfig', { cluster: CLUSTER });
  await ask();
  await ask();
  await session.close();
  const bodies = transport.requests.filter(({ path }) => path === '/sdk').map(({ body }) => body ?? '');
  expect(bodies.map((body) => Element.parse(body).child('Body')?.children[0]?.name)).toEqual(['Login', 'Logout']);
});

it('names a task that vCenter has', async () => {
  const { transport, asked } = vcenter(
    xml(
      '<VsanClusterReconfigResponse xmlns="urn:vsan"><returnval type="Task">task-7</returnval></VsanClusterReconfigResponse>',
    ),
  );
  const session = await ViSession.open({ transport, credentials });
  const spec = { modify: true, dataEncryptionConfig: { encryptionEnabled: true, kmsProviderId: { id: 'ours' } } };
  expect(
    await session.call(SYSTEM, 'VsanVcClusterConfigSystem', 'VsanClusterReconfig', {
      cluster: CLUSTER,
      vsanReconfigSpec: spec,
    }),
  ).toEqual(reference('Task', 'task-7'));
  expect(asked[0]?.body).toContain(
    '<vsanReconfigSpec><modify>true</modify><dataEncryptionConfig><encryptionEnabled>true</encryptionEnabled>' +
      '<kmsProviderId><id>ours</id></kmsProviderId></dataEncryptionConfig></vsanReconfigSpec>',
  );
});

it('opens a session that ended anew, once', async () => {
  const ended = fault('NotAuthenticated', 'The session is not authenticated.');
  const { transport } = vcenter(ended, encrypted);
  expect(await read(transport)).toMatchObject({ dataEncryptionConfig: { kekId: 'kek' } });
  expect(transport.requests.filter(({ path }) => path === '/sdk')).toHaveLength(2);
  await expect(read(vcenter(ended, ended).transport)).rejects.toMatchObject({ typeName: 'NotAuthenticated' });
});

it('says which privilege is missing, and where', async () => {
  const { transport } = vcenter(
    fault(
      'NoPermission',
      'Permission to perform this operation was denied.',
      '<object type="ClusterComputeResource">domain-c8</object><privilegeId>System.Read</privilegeId>' +
        '<missingPrivileges><entity type="ClusterComputeResource">domain-c8</entity><privilegeIds>System.Read</privilegeIds></missingPrivileges>',
    ),
  );
  await expect(read(transport)).rejects.toThrow('Missing: System.Read on ClusterComputeResource:domain-c8.');
});

it('sends no login twice that was refused', async () => {
  const refusing = ScriptedTransport.ready({
    '/sdk/vsanServiceVersions.xml': VERSIONS,
    '/sdk': fault('InvalidLogin', 'Cannot complete login due to an incorrect user name or password.'),
  });
  const session = await ViSession.open({ transport: refusing, credentials });
  const ask = () => session.call(SYSTEM, 'VsanVcClusterConfigSystem', 'VsanClusterGetConfig', { cluster: CLUSTER });
  await expect(ask()).rejects.toBeInstanceOf(ViFault);
  await expect(ask()).rejects.toBeInstanceOf(ViFault);
  await session.close();
  expect(refusing.requests.filter(({ path }) => path === '/sdk')).toHaveLength(1);
});

it.each([
  ['no service behind the proxy', { status: 404, headers: { 'content-type': 'text/html' }, body: '<html>' }],
  ['what is no XML', { status: 200, headers: { 'content-type': 'text/xml' }, body: '<a><b></a>' }],
  ['XML that is no SOAP', { status: 200, headers: { 'content-type': 'text/xml' }, body: '<a/>' }],
  ['an answer to something else', xml('<VsanOtherResponse xmlns="urn:vsan"/>')],
  ['nothing of the cluster', xml('<VsanClusterGetConfigResponse xmlns="urn:vsan"/>')],
  ['nothing of its encryption', config('<dataEncryptionConfig><kekId>kek</kekId></dataEncryptionConfig>')],
  [
    'entities of its own',
    { status: 200, headers: { 'content-type': 'text/xml' }, body: '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>' },
  ],
  ['JSON', json(200, CONTENT)],
])('takes %s for no answer', async (_what, answer) => {
  await expect(read(vcenter(answer).transport)).rejects.toMatchObject({ name: 'ViConnectionError' });
});

it('takes a cluster without an encryption for one that is not encrypted', async () => {
  expect(await read(vcenter(config('')).transport)).toEqual({});
});
