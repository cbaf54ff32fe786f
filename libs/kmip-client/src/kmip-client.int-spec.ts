import { X509Certificate } from 'node:crypto';
import { type AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';

import { Secret } from '@lib/kernel';
import {
  decodeRequestMessage,
  encodeResponseMessage,
  KmipError,
  MessageFramer,
  ObjectType,
  type OperationResponse,
  type RequestMessage,
  ResultReason,
  ResultStatus,
  type UsernameAndPasswordCredential,
  V1_1,
  V1_2,
  V1_4,
} from '@lib/kmip-protocol';
import { issueCertificateAuthority, issueClientCertificate, issueServerCertificate } from '@lib/pki';

import { KmipClient, type KmipClientOptions } from './kmip-client';
import { KmipClientError } from './kmip-client.error';
import { presentedCertificate } from './tls-connection';
import { vcenter } from './vcenter-dialogue';

type Answer = (request: RequestMessage) => Buffer | undefined;

const ok =
  (...responses: readonly OperationResponse[]): Answer =>
  ({ header, batchItems }) =>
    encodeResponseMessage({
      header: { protocolVersion: header.protocolVersion, timeStamp: new Date(0), batchCount: 0 },
      batchItems: batchItems.map(({ operation, uniqueBatchItemId }, index) => ({
        operation,
        ...(uniqueBatchItemId && { uniqueBatchItemId }),
        resultStatus: ResultStatus.Success,
        response: responses[index]!,
      })),
    });

const failed: Answer = ({ header }) =>
  encodeResponseMessage({
    header: { protocolVersion: header.protocolVersion, timeStamp: new Date(0), batchCount: 0 },
    batchItems: [
      {
        resultStatus: ResultStatus.OperationFailed,
        resultReason: ResultReason.ItemNotFound,
        resultMessage: 'no such key',
      },
    ],
  });

describe('KmipClient over TLS', () => {
  let server: Server;
  let options: KmipClientOptions;
  let otherCaPem: string;
  let pin: string;
  let answer: Answer;
  let requests: RequestMessage[];
  let presented: string[];
  const sockets = new Set<TLSSocket>();
  const clients: KmipClient[] = [];

  beforeAll(async () => {
    const ca = await issueCertificateAuthority({ commonName: 'Client test CA', validDays: 2 });
    const other = await issueCertificateAuthority({ commonName: 'Other CA', validDays: 2 });
    const pair = await issueServerCertificate(ca, {
      commonName: 'localhost',
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      validDays: 1,
    });
    const mine = await issueClientCertificate(ca, { commonName: 'vcenter', validDays: 1, keyKind: 'ec-p256' });
    otherCaPem = other.certificatePem;
    pin = new X509Certificate(pair.certificatePem).fingerprint256;
    server = createServer(
      { cert: pair.certificatePem, key: pair.privateKeyPem.expose(), requestCert: true, rejectUnauthorized: false },
      serve,
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    options = {
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      clientCertificatePem: mine.certificatePem,
      clientKeyPem: mine.privateKeyPem,
      serverTrust: { caPem: ca.certificatePem },
    };
  });

  function serve(socket: TLSSocket): void {
    sockets.add(socket);
    presented.push(socket.getPeerX509Certificate()?.subject ?? 'none');
    const framer = new MessageFramer();
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      for (const bytes of framer.push(chunk).messages) {
        const request = decodeRequestMessage(bytes);
        requests.push(request);
        const reply = answer(request);
        if (reply === undefined) socket.destroy();
        else socket.write(reply);
      }
    });
  }

  beforeEach(() => {
    requests = [];
    presented = [];
    answer = failed;
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  async function connect(changes: Partial<KmipClientOptions> = {}): Promise<KmipClient> {
    const client = await KmipClient.connect({ ...options, ...changes });
    clients.push(client);
    return client;
  }

  const faultOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'none',
      (error: unknown) => (error instanceof KmipClientError ? error.fault : error),
    );

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'shows its certificate and tells what was agreed on, %s',
    async (version) => {
      const client = await connect({ tls: { minVersion: version, maxVersion: version } });
      expect(client.session.protocol).toBe(version);
      expect(client.session.serverSha256).toMatch(/^[0-9a-f]{64}$/);
      await expect(client.destroy('1')).rejects.toBeInstanceOf(KmipError);
      expect(presented).toEqual([expect.stringContaining('CN=vcenter')]);
    },
  );

  it('trusts the pinned certificate and no other', async () => {
    const client = await connect({ serverTrust: { pinnedSha256: pin } });
    expect(client.session.serverSha256).toBe(pin.replaceAll(':', '').toLowerCase());
    expect(await faultOf(connect({ serverTrust: { pinnedSha256: 'ab'.repeat(32) } }))).toBe('untrusted');
    expect(requests).toEqual([]);
  });

  it('trusts one of several pinned certificates', async () => {
    const client = await connect({ serverTrust: { pinnedSha256: ['ab'.repeat(32), pin] } });
    expect(client.session.serverSha256).toBe(pin.replaceAll(':', '').toLowerCase());
    expect(await faultOf(connect({ serverTrust: { pinnedSha256: [] } }))).toBe('untrusted');
  });

  it('reads the certificate of a server whom nobody trusts, without a word', async () => {
    const { host, port, ...identity } = options;
    const certificate = await presentedCertificate({ host, port: port!, identity });
    expect(new X509Certificate(certificate!).fingerprint256).toBe(pin);
    expect(await presentedCertificate({ host, port: 1 })).toBeUndefined();
    expect(requests).toEqual([]);
  });

  it.each([
    ['a server of another CA', () => ({ serverTrust: { caPem: otherCaPem } })],
    ['a server of no public CA', () => ({ serverTrust: 'public-cas' as const })],
    ['a server of another name', () => ({ serverName: 'kmip.example.com' })],
  ])('does not talk to %s', async (_name, changes) => {
    expect(await faultOf(connect(changes()))).toBe('unreachable');
    expect(requests).toEqual([]);
  });

  it('says that nobody listens', async () => {
    expect(await faultOf(connect({ port: 1 }))).toBe('unreachable');
  });

  it('gives payloads and turns failed items into errors with the reason', async () => {
    const client = await connect();
    answer = ok({ name: 'Activate', payload: { uniqueIdentifier: '1' } });
    expect(await client.activate('1')).toEqual({ uniqueIdentifier: '1' });
    expect(requests[0]?.header.protocolVersion).toEqual(V1_4);
    answer = failed;
    await expect(client.get('2')).rejects.toMatchObject({
      reason: ResultReason.ItemNotFound,
      message: 'no such key',
    });
  });

  it('says every operation it offers', async () => {
    const client = await connect({ protocolVersion: V1_2 });
    const calls = [
      client.discoverVersions(),
      client.query([1]),
      client.create({ objectType: ObjectType.SymmetricKey, templateAttribute: {} }),
      client.get('1', { keyFormatType: 1 }),
      client.getAttributes('1'),
      client.getAttributeList('1'),
      client.addAttribute('1', { attributeName: 'x-a', attributeValue: { type: 'TextString', value: 'v' } }),
      client.activate('1'),
      client.revoke('1', { revocationReasonCode: 1 }, new Date(0)),
      client.destroy('1'),
      client.locate([], { maximumItems: 1 }),
    ];
    await Promise.allSettled(calls);
    expect(requests.map(({ batchItems }) => batchItems[0]?.request?.name)).toEqual([
      'DiscoverVersions',
      'Query',
      'Create',
      'Get',
      'GetAttributes',
      'GetAttributeList',
      'AddAttribute',
      'Activate',
      'Revoke',
      'Destroy',
      'Locate',
    ]);
  });

  it('sends batches with an id for each item', async () => {
    const client = await connect();
    const payload = { uniqueIdentifier: '1' };
    answer = ok({ name: 'Activate', payload }, { name: 'Destroy', payload });
    const items = await client.batch([
      { name: 'Activate', payload },
      { name: 'Destroy', payload },
    ]);
    expect(items.map(({ uniqueBatchItemId }) => uniqueBatchItemId)).toEqual([Buffer.from([1]), Buffer.from([2])]);
  });

  it('refuses an answer to another question', async () => {
    const client = await connect();
    answer = ({ header }) =>
      encodeResponseMessage({
        header: { protocolVersion: header.protocolVersion, timeStamp: new Date(0), batchCount: 0 },
        batchItems: [{ resultStatus: ResultStatus.Success }],
      });
    expect(await faultOf(client.get('1'))).toBe('protocol');
    answer = ({ header }) =>
      encodeResponseMessage({
        header: { protocolVersion: header.protocolVersion, timeStamp: new Date(0), batchCount: 0 },
        batchItems: [],
      });
    expect(await faultOf(client.get('1'))).toBe('protocol');
  });

  it("speaks vCenter's dialogue and keeps the password a secret", async () => {
    const client = await connect();
    const credential = { username: 'vSphere', password: Secret.fromText('hunter2') };
    const response = await client.send(vcenter.getKey('1', credential));
    expect(response.header.protocolVersion).toEqual(V1_1);
    const [received] = requests[0]?.header.authentication ?? [];
    const { username, password } = received as UsernameAndPasswordCredential;
    expect(username).toBe('vSphere');
    expect(password?.exposeText()).toBe('hunter2');
  });

  it('notices a server that hangs up instead of answering', async () => {
    const client = await connect();
    answer = () => undefined;
    expect(await faultOf(client.get('1'))).toBe('closed');
    expect(await faultOf(client.get('1'))).toBe('closed');
  });
});
