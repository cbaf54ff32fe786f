import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConnectionOptions } from 'node:tls';

import { Secret } from '@lib/kernel';
import {
  encodeRequestMessage,
  Operation,
  type RequestMessage,
  ResultReason,
  ResultStatus,
  V1_4,
} from '@lib/kmip-protocol';
import { issueClientCertificate, type IssuedCertificate } from '@lib/pki';
import { framed, RawPeer } from '@lib/testing';

import { GoodClient } from './support/good-client';
import { metric } from './support/health';
import { answer, lastWords, mutate, random, vcenterRequests } from './support/hostile';
import { createKey, vcenter } from './support/keys';
import { RunningService, until } from './support/running-service';
import { addTenant, allowCertificate, type Tenant } from './support/second-tenant';

jest.setTimeout(240_000);

const getAllAttributes = (uniqueIdentifier: string): RequestMessage => ({
  header: { protocolVersion: V1_4, batchCount: 1 },
  batchItems: [
    {
      operation: Operation.GetAttributes,
      request: { name: 'GetAttributes', payload: { uniqueIdentifier, attributeNames: [] } },
    },
  ],
});

/** Whatever others do, a client with manners is answered by then. */
const GOOD_CLIENT_WITHIN_MS = 2_000;
const MESSAGE_TIMEOUT_MS = 2_000;

describe('hostile peers', () => {
  let service: RunningService;
  let pids: Readonly<Record<string, number>>;
  let good: Tenant;
  let goodKey: string;
  let goodClient: GoodClient;
  /** The tenant that misbehaves. */
  let client: IssuedCertificate;
  let key: string;
  const peers: RawPeer[] = [];

  beforeAll(async () => {
    service = await RunningService.start({
      environment: { KMIP_MESSAGE_TIMEOUT_MS: String(MESSAGE_TIMEOUT_MS) },
    });
    pids = service.connection.processes;
    good = await addTenant(service, 'well-behaved');
    await until('the good client is served', 5_000, async () => {
      const connected = await good.connect(0);
      goodKey = await createKey(connected).catch(() => '');
      await connected.close();
      return goodKey !== '';
    });
    const { clientCertificate, clientKey } = service.connection.kmip;
    client = {
      certificatePem: await readFile(clientCertificate, 'utf8'),
      privateKeyPem: Secret.of(await readFile(clientKey)),
    };
    const own = await service.kmip(0);
    key = await createKey(own);
    await own.close();
  });

  beforeEach(() => {
    goodClient = GoodClient.start(() => good.connect(0), goodKey);
  });

  afterEach(async () => {
    const { latencies, failures } = await goodClient.stop();
    for (const peer of peers.splice(0)) peer.destroy();
    expect(failures).toEqual([]);
    expect(latencies.length).toBeGreaterThan(1);
    expect(latencies.at(-1)).toBeLessThan(GOOD_CLIENT_WITHIN_MS);
  });

  afterAll(async () => {
    try {
      // No process fell over and was started again, and nothing happened that the code does not foresee.
      expect((await service.reload()).processes).toEqual(pids);
      const logs = join(service.dataFolder, 'logs');
      for (const name of await readdir(logs)) {
        const lines = (await readFile(join(logs, name), 'utf8')).split('\n');
        expect(lines.filter((line) => /"level":"(?:error|fatal)"/.test(line))).toEqual([]);
      }
    } finally {
      await service.remove();
    }
  });

  const port = (endpoint = 0): number => service.connection.kmip.ports[endpoint] ?? 0;
  const keep = (peer: RawPeer): RawPeer => {
    peers.push(peer);
    return peer;
  };
  const tcp = async (localAddress?: string): Promise<RawPeer> => keep(await RawPeer.tcp(port(), localAddress));
  const tls = async (identity: IssuedCertificate | undefined = client, options: ConnectionOptions = {}) =>
    keep(await RawPeer.tls(port(), identity, options));
  const say = async (bytes: Buffer | string): Promise<RawPeer> => (await tls()).send(bytes);

  /** What the server answers to a probe with this certificate, as reason and text. */
  async function verdictOn(
    identity: IssuedCertificate | undefined,
    options?: ConnectionOptions,
  ): Promise<{ readonly reason: number | undefined; readonly text: string | undefined }> {
    const [message] = await lastWords((await tls(identity, options)).send(encodeRequestMessage(vcenter.createKey())));
    const item = message?.batchItems[0];
    return { reason: item?.resultReason, text: item?.resultMessage };
  }
  const refusedFor = (text: RegExp) => ({
    reason: ResultReason.AuthenticationNotSuccessful,
    text: expect.stringMatching(text) as string,
  });

  describe('with bombs', () => {
    it.each([
      ['of 4 GiB', '42007801ffffffff'],
      ['just over the limit', '4200780100100008'],
    ])('a message that claims a length %s is refused by its header', async (_name, header) => {
      const [message] = await lastWords(await say(Buffer.from(header, 'hex')));
      expect(message?.batchItems[0]?.resultReason).toBe(ResultReason.InvalidMessage);
    });

    it.each([33, 1_000, 100_000])('structures nested %i deep are refused', async (depth) => {
      let bytes = 8 * depth;
      const headers = Array.from({ length: depth }, (_, index) => {
        bytes -= 8;
        const header = Buffer.from('4200080100000000', 'hex');
        if (index === 0) header.writeUInt8(0x78, 2);
        header.writeUInt32BE(bytes, 4);
        return header;
      });
      const peer = await say(Buffer.concat(headers));
      expect((await answer(peer)).batchItems[0]).toMatchObject({
        resultStatus: ResultStatus.OperationFailed,
        resultReason: ResultReason.InvalidMessage,
      });
    });

    it('a hundred thousand tiny items are refused', async () => {
      const items = Buffer.concat(Array.from({ length: 100_000 }, () => Buffer.from('4200080a00000000', 'hex')));
      expect((await answer(await say(framed(items)))).batchItems[0]?.resultStatus).toBe(ResultStatus.OperationFailed);
    });

    const creates = (count: number): Buffer => {
      const { header, batchItems } = vcenter.createKey();
      const items = Array.from({ length: count }, (_, index) => ({
        ...batchItems.at(0),
        operation: Operation.Create,
        uniqueBatchItemId: Buffer.from(String(index)),
      }));
      return encodeRequestMessage({ header: { ...header, batchCount: count }, batchItems: items });
    };

    it('a batch of 1,001 items is refused as a whole', async () => {
      const { batchItems } = await answer(await say(creates(1_001)));
      expect(batchItems.map(({ resultStatus }) => resultStatus)).toEqual([ResultStatus.OperationFailed]);
    });

    it('a batch of 1,000 Creates of one tenant hardly delays the other', async () => {
      const probe = await answer(await say(creates(20)));
      expect(probe.batchItems).toHaveLength(20);
      const before = await goodClient.stop();
      goodClient = GoodClient.start(() => good.connect(0), goodKey);
      const { batchItems } = await answer(await say(creates(1_000)));
      expect(batchItems.filter(({ resultStatus }) => resultStatus === ResultStatus.Success)).toHaveLength(1_000);
      const during = await goodClient.stop();
      goodClient = GoodClient.start(() => good.connect(0), goodKey);
      expect([...before.failures, ...during.failures]).toEqual([]);
      const undisturbed = before.latencies[Math.floor(before.latencies.length / 2)] ?? 0;
      const delayed = during.latencies[Math.floor(during.latencies.length * 0.95)] ?? Infinity;
      // 250 ms by requirement; twice that, because client, key manager and database share two cores here.
      expect(delayed - undisturbed).toBeLessThan(500);
    });
  });

  describe('with damaged messages', () => {
    it('a request cut off at any place and ended gets no answer and does no harm', async () => {
      const request = encodeRequestMessage(vcenter.createKey());
      for (const at of [1, 3, 4, 7, 8, 9, 16, 40, request.length - 8, request.length - 1]) {
        const peer = await say(request.subarray(0, at));
        peer.socket.end();
        expect(await lastWords(peer)).toEqual([]);
      }
    });

    it.each([1, 2, 3])('300 mutations of what vCenter sends end in KMIP answers or a close (seed %i)', async (seed) => {
      const pick = random(seed);
      const originals = vcenterRequests(key);
      const mutants = Array.from({ length: 300 }, () =>
        mutate(originals[pick(originals.length)] ?? Buffer.alloc(0), pick),
      );
      let refused = 0;
      const queue = mutants.values();
      const lane = async (): Promise<void> => {
        for (const mutant of queue) {
          const peer = await RawPeer.tls(port(seed % 2), client);
          peer.send(mutant).socket.end();
          const words = await lastWords(peer);
          const failed = words.flatMap(({ batchItems }) => batchItems.filter(({ resultStatus }) => resultStatus !== 0));
          if (words.length === 0 || failed.length > 0) refused += 1;
        }
      };
      await Promise.all(Array.from({ length: 8 }, lane));
      expect(refused).toBeGreaterThan(150);
    });

    it.each([
      ['HTTP', 'POST /kmip HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['a KMIP response', framed('x', Buffer.from('42007b01', 'hex'))],
      ['zeros', Buffer.alloc(4_096)],
    ])('%s inside TLS is refused and the connection closed', async (_name, bytes) => {
      const [message] = await lastWords(await say(bytes));
      expect(message?.batchItems[0]?.resultReason).toBe(ResultReason.InvalidMessage);
    });
  });

  describe('that are slow, silent or many', () => {
    it('a sender of one byte now and then is cut off', async () => {
      const before = await metric(service, 0, 'kmip_connections_closed_total', { reason: 'message_timeout' });
      const peer = await tls();
      const request = encodeRequestMessage(vcenter.createKey());
      let sent = 0;
      const drip = setInterval(() => {
        if (peer.socket.writable) peer.send(request.subarray(sent, ++sent));
      }, 50);
      try {
        expect(await lastWords(peer)).toEqual([]);
      } finally {
        clearInterval(drip);
      }
      expect(sent).toBeGreaterThan(10);
      await until('it is counted', 5_000, async () => {
        return (await metric(service, 0, 'kmip_connections_closed_total', { reason: 'message_timeout' })) > before;
      });
    });

    it('a flood of half-open connections keeps nobody else out', async () => {
      const flood = await Promise.all(
        // More than there are places, from more addresses than it takes to fill them.
        Array.from({ length: 4_800 }, (_, index) => tcp(`127.0.1.${1 + (index % 15)}`).catch(() => undefined)),
      );
      await until('all places are taken', 10_000, async () => {
        return (await metric(service, 0, 'kmip_limits_reached_total', { limit: 'half_open' })) > 0;
      });
      for (const peer of flood) peer?.destroy();
      await until('no place is held', 10_000, async () => (await metric(service, 0, 'kmip_half_open_connections')) < 5);
    });

    it('plain HTTP is refused at once', async () => {
      const peer = (await tcp()).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await peer.closed();
      expect(peer.received).toHaveLength(0);
    });

    it('a peer that never reads is cut off', async () => {
      const owner = await service.kmip(0);
      const large = await createKey(owner);
      await owner.batch(
        Array.from({ length: 100 }, (_, index) => ({
          name: 'AddAttribute',
          payload: {
            uniqueIdentifier: large,
            attribute: {
              attributeName: `x-Large-${index}`,
              attributeValue: { type: 'TextString', value: 'x'.repeat(4_096) },
            },
          },
        })),
      );
      await owner.close();
      const before = await metric(service, 0, 'kmip_connections_closed_total', { reason: 'write_timeout' });
      const peer = await tls();
      peer.socket.pause();
      const request = encodeRequestMessage(getAllAttributes(large));
      // 40 answers of 400 KiB: more than the buffers of both sides hold.
      for (let count = 0; count < 40; count += 1) peer.send(request);
      await until('it is cut off', 20_000, async () => {
        return (await metric(service, 0, 'kmip_connections_closed_total', { reason: 'write_timeout' })) > before;
      });
    });

    it('100 strangers who stay connected keep nobody else out, and each is told why it is not served', async () => {
      const stranger = await issueClientCertificate('self-signed', {
        commonName: 'stranger',
        validDays: 1,
        keyKind: 'ec-p256',
      });
      const crowd = await Promise.all(
        Array.from({ length: 100 }, async () => tls(stranger, { socket: (await tcp('127.0.0.9')).socket })),
      );
      const asked = crowd.slice(0, 50);
      for (const peer of asked) peer.send(encodeRequestMessage(vcenter.probe()));
      for (const peer of asked) {
        const [message] = await lastWords(peer);
        expect(message?.batchItems[0]?.resultReason).toBe(ResultReason.AuthenticationNotSuccessful);
      }
    });
  });

  describe('with tricks about who they are', () => {
    it('no certificate', async () => {
      const peer = keep(await RawPeer.tls(port()));
      const [message] = await lastWords(peer.send(encodeRequestMessage(vcenter.probe())));
      expect(message?.batchItems[0]).toMatchObject({
        resultReason: ResultReason.AuthenticationNotSuccessful,
        resultMessage: expect.stringContaining('presented no certificate') as string,
      });
    });

    it('the same subject with another key', async () => {
      const { subject } = { subject: 'kmipClient-well-behaved' };
      const imitation = await issueClientCertificate('self-signed', { commonName: subject, validDays: 30 });
      expect(await verdictOn(imitation)).toEqual(refusedFor(/not allowed in any KMIP instance/));
    });

    it('a leaf signed by the key of an allowed client, with that client’s certificate behind it', async () => {
      const leaf = await issueClientCertificate(good.identity, { commonName: 'child', validDays: 1 });
      const chain = { ...leaf, certificatePem: leaf.certificatePem + good.identity.certificatePem };
      expect(await verdictOn(leaf)).toEqual(refusedFor(/not allowed/));
      expect(await verdictOn(chain)).toEqual(refusedFor(/not allowed/));
    });

    it('an allowed certificate without its key', async () => {
      const thief = await issueClientCertificate('self-signed', { commonName: 'thief', validDays: 1 });
      const stolen = { certificatePem: good.identity.certificatePem, privateKeyPem: thief.privateKeyPem };
      await expect(tls(stolen)).rejects.toThrow();
    });

    it('a certificate that is allowed but not valid yet, or not any more, on an open connection too', async () => {
      const SECONDS = 1 / 86_400;
      const tomorrow = await issueClientCertificate('self-signed', {
        commonName: 'early',
        validDays: 1,
        notBefore: new Date(Date.now() + 86_400_000),
      });
      await allowCertificate(service, good.instanceId, 'early', tomorrow.certificatePem);
      const notBefore = new Date(Date.now() - 60_000);
      const request = { commonName: 'short', validDays: 66 * SECONDS, notBefore };
      const short = await issueClientCertificate('self-signed', request);
      await allowCertificate(service, good.instanceId, 'short', short.certificatePem);
      const served = async (peer: RawPeer): Promise<boolean> => {
        const { batchItems } = await answer(peer.send(encodeRequestMessage(vcenter.getKey(goodKey))));
        return batchItems[0]?.resultStatus === ResultStatus.Success;
      };
      let open: RawPeer | undefined;
      await until('the short-lived certificate is honoured', 4_000, async () => {
        open = await tls(short);
        return await served(open);
      });

      await until('it expires on the open connection', 10_000, async () => open !== undefined && !(await served(open)));
      expect(await verdictOn(short)).toEqual(refusedFor(/expired at \d{4}-/));
      expect(await verdictOn(tomorrow)).toEqual(refusedFor(/not valid before \d{4}-/));
    });

    it.each(['TLSv1.2', 'TLSv1.3'] as const)(
      'a session of an earlier connection proves nothing (%s)',
      async (version) => {
        const first = await tls(client, { minVersion: version, maxVersion: version });
        const session = await new Promise<Buffer>((resolve) => {
          if (version === 'TLSv1.2') resolve(first.tls.getSession() ?? Buffer.alloc(0));
          first.tls.once('session', resolve);
          first.send(encodeRequestMessage(vcenter.probe()));
        });
        first.destroy();
        const options = { minVersion: version, maxVersion: version, session };
        const again = keep(await RawPeer.tls(port(), client, options));
        expect(again.tls.isSessionReused()).toBe(false);
        const { batchItems } = await answer(again.send(encodeRequestMessage(vcenter.getKey(key))));
        expect(batchItems[0]?.resultStatus).toBe(ResultStatus.Success);

        const bearer = keep(await RawPeer.tls(port(), undefined, options));
        const [message] = await lastWords(bearer.send(encodeRequestMessage(vcenter.getKey(key))));
        expect(message?.batchItems[0]?.resultReason).toBe(ResultReason.AuthenticationNotSuccessful);
      },
    );
  });
});
