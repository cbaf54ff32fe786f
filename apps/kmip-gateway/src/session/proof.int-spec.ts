import { type InstanceId, Secret } from '@lib/kernel';
import { type KmipClient } from '@lib/kmip-client';
import { type IssuedCertificate } from '@lib/pki';
import { kmipUserNameOf } from '@lib/tenancy';
import { FakeKeyManager, recordedEvents, startTestPostgres, type TestDatabase } from '@lib/testing';

import { type Answer, GatewayHarness, INSTANCE_DOMAIN, newVCenter } from '../../test/gateway-harness';

jest.setTimeout(120_000);

let database: TestDatabase;
let admin: Awaited<ReturnType<TestDatabase['openAdmin']>>;
let gateway: GatewayHarness;

beforeAll(async () => {
  database = await startTestPostgres();
  admin = await database.openAdmin();
  const dataSource = await database.openDataSource();
  gateway = await GatewayHarness.start({ dataSource, newKeyManager: () => new FakeKeyManager() });
});

afterAll(async () => {
  await gateway.close();
  await database.close();
});

/** The instance whose catalog has the key, or why it was not made. */
async function homeOf({ id, failure }: Answer): Promise<string> {
  const sql = 'SELECT instance_id FROM managed_objects WHERE id = $1';
  const { rows } = await admin.query<{ instance_id: string }>(sql, [id]);
  return rows.map(({ instance_id: instance }) => instance).join(', ') || (failure ?? 'nowhere');
}

/** A stranger and an owner, and the vCenter that is the owner's. */
interface Scene {
  readonly stranger: InstanceId;
  readonly owner: InstanceId;
  readonly vCenter: IssuedCertificate;
}

async function scene(): Promise<Scene> {
  const [stranger, owner, vCenter] = await Promise.all([gateway.tenants.add(), gateway.tenants.add(), newVCenter()]);
  return { stranger, owner, vCenter };
}

async function registered(first: InstanceId, second: InstanceId, vCenter: IssuedCertificate): Promise<void> {
  await gateway.tenants.register(first, vCenter);
  await gateway.tenants.register(second, vCenter);
  await gateway.settled();
}

const born = async (client: KmipClient): Promise<string> => homeOf(await gateway.create(client));

/** As if the vCenter had fetched its keys for so many days. */
async function used(instanceId: InstanceId, days: number): Promise<void> {
  await admin.query(
    `UPDATE key_fetches f SET fetched_at = o.initial_date + make_interval(days => $2) FROM managed_objects o
      WHERE f.instance_id = $1 AND o.instance_id = $1 AND o.id = f.object_id`,
    [instanceId, days],
  );
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s, a certificate that a stranger has registered', (version) => {
  it.each(['before', 'after'])(
    '%s its owner makes keys nowhere until it proves itself, then in its own',
    async (order) => {
      const { stranger, owner, vCenter } = await scene();
      await (order === 'before' ? registered(stranger, owner, vCenter) : registered(owner, stranger, vCenter));
      const client = await gateway.connect(vCenter, { version });
      expect(await gateway.create(client)).toEqual({ failure: 'certificate_unproven' });

      const password = await gateway.tenants.issuePassword(owner);
      await gateway.settled();
      expect(await homeOf(await gateway.create(client, password))).toBe(owner);
      await gateway.settled();
      // From now on without the password too: hosts and vCenter's own requests that carry none.
      const made = await gateway.create(await gateway.connect(vCenter, { version }));
      expect(await homeOf(made)).toBe(owner);
      expect(await gateway.fetch(client, made.id ?? '')).toHaveProperty('hex');
    },
  );

  it('whose owner uses it for long changes nothing', async () => {
    const { stranger, owner, vCenter } = await scene();
    await gateway.tenants.register(owner, vCenter);
    await gateway.settled();
    const client = await gateway.connect(vCenter, { version });
    const key = await gateway.create(client);
    await gateway.fetch(client, key.id ?? '');
    await used(owner, 8);
    await gateway.tenants.register(stranger, vCenter);
    await gateway.settled();
    expect(await born(client)).toBe(owner);
    expect(await gateway.fetch(client, key.id ?? '')).toHaveProperty('hex');
  });
});

describe('a certificate that a stranger has registered', () => {
  it('stops the births of an owner in its first week, and serves every key', async () => {
    const { stranger, owner, vCenter } = await scene();
    await gateway.tenants.register(owner, vCenter);
    await gateway.settled();
    const client = await gateway.connect(vCenter);
    const key = await gateway.create(client);
    await gateway.fetch(client, key.id ?? '');
    await used(owner, 6);
    await gateway.tenants.register(stranger, vCenter);
    await gateway.settled();
    expect(await gateway.create(client)).toEqual({ failure: 'certificate_unproven' });
    expect(await gateway.fetch(client, key.id ?? '')).toHaveProperty('hex');
  });

  it('is not in the way of its owner by what is wrong with its own instance', async () => {
    const { stranger, owner, vCenter } = await scene();
    await gateway.tenants.register(owner, vCenter);
    await gateway.settled();
    const client = await gateway.connect(vCenter);
    const key = await gateway.create(client);
    const renewed = await newVCenter('renewed');
    await registered(stranger, owner, renewed);
    gateway.broken.add(stranger);
    await gateway.tenants.instances.setOptions(stranger, { credentialPolicy: 'enforce' }, gateway.tenants.context);
    await gateway.settled();
    const later = await gateway.connect(renewed);
    const sent = { username: 'vSphere', password: Secret.fromText('whatever') };
    expect(await gateway.fetch(later, key.id ?? '', sent)).toHaveProperty('hex');
  });

  it('cuts no connection and moves nothing when the stranger removes it, again and again', async () => {
    const { stranger, owner, vCenter } = await scene();
    await gateway.tenants.register(owner, vCenter, 'operator');
    await gateway.settled();
    const client = await gateway.connect(vCenter);
    const key = await gateway.create(client);
    for (let round = 0; round < 3; round += 1) {
      const id = await gateway.tenants.register(stranger, vCenter);
      await gateway.settled();
      expect(await born(client)).toBe(owner);
      await gateway.tenants.certificates.remove(stranger, id, gateway.tenants.context);
      await gateway.settled();
      expect(await gateway.fetch(client, key.id ?? '')).toHaveProperty('hex');
    }
  });

  it.each<[string, (owner: InstanceId, certificateId: string) => Promise<unknown>]>([
    ['removed', (owner, id) => gateway.tenants.certificates.remove(owner, id, gateway.tenants.context)],
    ['suspended', (owner) => gateway.tenants.instances.setEnabled(owner, false, 'test', gateway.tenants.context)],
    [
      'erased with its instance',
      async (owner) => {
        await gateway.tenants.instances.setEnabled(owner, false, 'test', gateway.tenants.context);
        await gateway.tenants.instances.remove(owner, gateway.tenants.context, 'tenant');
      },
    ],
  ])('does not fall to the stranger when the owner is %s', async (what, end) => {
    const { stranger, owner, vCenter } = await scene();
    const id = await gateway.tenants.register(owner, vCenter, 'operator');
    await gateway.tenants.register(stranger, vCenter);
    await gateway.settled();
    const client = await gateway.connect(vCenter);
    const key = await gateway.create(client);
    expect(await homeOf(key)).toBe(owner);
    await end(owner, id);
    await gateway.settled();
    expect(await gateway.create(client)).toEqual({ failure: 'registration_not_serving' });
    const left = what === 'suspended' ? 'registration_not_serving' : 'unknown_object';
    expect(await gateway.fetch(client, key.id ?? '')).toEqual({ failure: left });
  });

  it('keeps keys within reach that were made in the wrong place, and counts them for the owner', async () => {
    const { stranger, owner, vCenter } = await scene();
    await gateway.tenants.register(stranger, vCenter);
    await gateway.settled();
    const client = await gateway.connect(vCenter);
    const misplaced = await gateway.create(client);
    expect(await homeOf(misplaced)).toBe(stranger);
    await gateway.tenants.register(owner, vCenter);
    const password = await gateway.tenants.issuePassword(owner);
    await gateway.settled();
    expect(await homeOf(await gateway.create(client, password))).toBe(owner);
    await gateway.settled();
    expect(await gateway.fetch(client, misplaced.id ?? '')).toHaveProperty('hex');
    const [certificate] = await gateway.tenants.certificates.list(owner);
    const elsewhere = await gateway.tenants.unitOfWork.forTenant(owner, (scope) =>
      scope.standings.countKeysElsewhere(certificate!.fingerprint),
    );
    expect(elsewhere).toBe(1);
  });

  it('is recognized by a key of the certificate that it replaces', async () => {
    const { stranger, owner, vCenter } = await scene();
    await gateway.tenants.register(owner, vCenter);
    await gateway.settled();
    const key = await gateway.create(await gateway.connect(vCenter));
    const renewed = await newVCenter('renewed');
    await registered(stranger, owner, renewed);
    const client = await gateway.connect(renewed);
    expect(await gateway.create(client)).toEqual({ failure: 'certificate_unproven' });
    expect(await gateway.fetch(client, key.id ?? '')).toHaveProperty('hex');
    await gateway.settled();
    expect(await born(client)).toBe(owner);
  });

  it('makes keys where its host name says', async () => {
    const { stranger, owner, vCenter } = await scene();
    await registered(stranger, owner, vCenter);
    const serverName = `${kmipUserNameOf(owner)}.${INSTANCE_DOMAIN}`;
    expect(await born(await gateway.connect(vCenter, { serverName }))).toBe(owner);
    await gateway.settled();
    expect(await born(await gateway.connect(vCenter))).toBe(owner);
  });

  it('is not refused by a password of an instance where it only waits', async () => {
    const { stranger, owner, vCenter } = await scene();
    await gateway.tenants.register(owner, vCenter, 'operator');
    await gateway.tenants.register(stranger, vCenter);
    const foreign = await gateway.tenants.issuePassword(stranger);
    const own = await gateway.tenants.issuePassword(owner);
    await gateway.settled();
    const client = await gateway.connect(vCenter);
    const wrong = (password: typeof own) => ({ username: password.username, password: foreign.password });
    expect(await gateway.create(client, wrong(own))).toEqual({ failure: 'credential_wrong' });
    expect(await homeOf(await gateway.create(client, { ...foreign, password: own.password }))).toBe(owner);
    expect(await homeOf(await gateway.create(client, own))).toBe(owner);
  });

  it('stands a flood of registrations', async () => {
    const { owner, vCenter } = await scene();
    await gateway.tenants.register(owner, vCenter, 'operator');
    await gateway.settled();
    const client = await gateway.connect(vCenter);
    const key = await gateway.create(client);
    for (let count = 0; count < 60; count += 1) {
      await gateway.tenants.register(await gateway.tenants.add(), vCenter);
    }
    await gateway.settled();
    expect(await born(client)).toBe(owner);
    expect(await gateway.fetch(client, key.id ?? '')).toHaveProperty('hex');
  });
});

describe('a proof that this gateway has not heard of', () => {
  it('lets no key be born in the wrong place', async () => {
    const { stranger, owner, vCenter } = await scene();
    await gateway.tenants.register(stranger, vCenter);
    await gateway.settled();
    const client = await gateway.connect(vCenter);
    expect(await born(client)).toBe(stranger);
    await gateway.tenants.register(owner, vCenter);
    const [{ fingerprint } = { fingerprint: undefined }] = await gateway.tenants.certificates.list(owner);
    await gateway.tenants.proofs.prove(owner, fingerprint!, 'credential', gateway.tenants.context);
    expect(await gateway.create(client)).toEqual({ failure: 'certificate_displaced' });
    await gateway.settled();
    expect(await born(client)).toBe(owner);
  });

  it('nor when it was removed again', async () => {
    const { stranger, owner, vCenter } = await scene();
    await gateway.tenants.register(stranger, vCenter);
    await gateway.settled();
    const client = await gateway.connect(vCenter);
    const id = await gateway.tenants.register(owner, vCenter);
    await gateway.tenants.proofs.takeOver(owner, id, gateway.tenants.context);
    await gateway.tenants.certificates.remove(owner, id, gateway.tenants.context);
    expect(await gateway.create(client)).toEqual({ failure: 'certificate_displaced' });
    await gateway.settled();
    expect(await gateway.create(client)).toEqual({ failure: 'registration_not_serving' });
  });

  it('holds up nobody who moves to another instance of its own', async () => {
    const account = 'mover';
    const [from, to, vCenter] = await Promise.all([
      gateway.tenants.add(account),
      gateway.tenants.add(account),
      newVCenter(),
    ]);
    const id = await gateway.tenants.register(from, vCenter, 'operator');
    await gateway.tenants.register(to, vCenter);
    await gateway.tenants.certificates.remove(from, id, gateway.tenants.context);
    await gateway.settled();
    expect(await born(await gateway.connect(vCenter))).toBe(to);
  });
});

describe('a password', () => {
  it('is replaced without a moment in which none is right, and ends when it is taken back', async () => {
    const { owner, vCenter } = await scene();
    await gateway.tenants.register(owner, vCenter);
    const old = await gateway.tenants.issuePassword(owner);
    const next = await gateway.tenants.issuePassword(owner);
    await expect(gateway.tenants.issuePassword(owner)).rejects.toMatchObject({
      code: 'kmip_credential_quota_exceeded',
    });
    await gateway.settled();
    const client = await gateway.connect(vCenter);
    for (const password of [old, next]) expect(await gateway.create(client, password)).toHaveProperty('id');
    await gateway.tenants.credentials.remove(owner, old.id, gateway.tenants.context, 'tenant');
    await gateway.settled();
    expect(await gateway.create(client, old)).toEqual({ failure: 'credential_wrong' });
    expect(await gateway.create(client, next)).toHaveProperty('id');
    await gateway.tenants.credentials.remove(owner, next.id, gateway.tenants.context, 'tenant');
    await gateway.settled();
    // Of the last one too, and only of who sends it.
    expect(await gateway.create(client, next)).toEqual({ failure: 'credential_wrong' });
    expect(await gateway.create(client)).toHaveProperty('id');
  });

  it('is in the database as what tells nothing', async () => {
    const { owner } = await scene();
    const { password } = await gateway.tenants.issuePassword(owner);
    const { rows } = await admin.query('SELECT * FROM kmip_credentials WHERE instance_id = $1', [owner]);
    expect(JSON.stringify(rows)).not.toContain(password.exposeText().slice(0, 9));
  });
});

describe('what the service has made for one instance', () => {
  it('is taken by no other, and moves by a hand-over alone', async () => {
    const { stranger, owner, vCenter } = await scene();
    const id = await gateway.tenants.register(owner, vCenter, 'issued');
    const refused = { code: 'certificate_issued_elsewhere' };
    await expect(gateway.tenants.register(stranger, vCenter)).rejects.toMatchObject(refused);
    await gateway.tenants.certificates.remove(owner, id, gateway.tenants.context);
    await expect(gateway.tenants.register(stranger, vCenter)).rejects.toMatchObject(refused);

    const again = await gateway.tenants.register(owner, vCenter);
    await gateway.settled();
    const client = await gateway.connect(vCenter);
    expect(await born(client)).toBe(owner);
    await gateway.tenants.proofs.handOver(owner, again, stranger, gateway.tenants.context);
    await gateway.settled();
    expect(await born(client)).toBe(stranger);
    await gateway.tenants.certificates.remove(owner, again, gateway.tenants.context);
    await expect(gateway.tenants.register(owner, vCenter)).rejects.toMatchObject(refused);
  });
});

describe('a hand-over', () => {
  it.each(['hand-over', 'take-over'])(
    'that the receiver cannot take leaves what the service made where it is: by %s',
    async (way) => {
      const { stranger, owner: receiver, vCenter } = await scene();
      const [giver, other] = await Promise.all([gateway.tenants.add(), newVCenter()]);
      const { certificates, proofs, context } = gateway.tenants;
      const request = (pem: string) => ({ name: 'vc', pem });
      const given = { ...request(vCenter.certificatePem), origin: 'issued' } as const;
      const { id, fingerprint } = await certificates.add(giver, given, context);
      await certificates.add(receiver, request(other.certificatePem), context);
      const register = () => certificates.add(receiver, request(vCenter.certificatePem), context);
      const moved =
        way === 'hand-over'
          ? proofs.handOver(giver, id, receiver, context)
          : proofs.addTakenOver(receiver, fingerprint, register, context);
      await expect(moved).rejects.toMatchObject({ code: 'certificate_name_taken' });
      const refused = { code: 'certificate_issued_elsewhere' };
      await expect(gateway.tenants.register(stranger, vCenter)).rejects.toMatchObject(refused);
      await gateway.settled();
      expect(await born(await gateway.connect(vCenter))).toBe(giver);
    },
  );

  it.each(['before', 'after'])(
    'gives nobody what the giver has not: keys of a stranger registered %s its owner',
    async (order) => {
      const { stranger, owner, vCenter } = await scene();
      const accomplice = await gateway.tenants.add();
      if (order === 'after') await gateway.tenants.register(owner, vCenter);
      const id = await gateway.tenants.register(stranger, vCenter);
      if (order === 'before') await gateway.tenants.register(owner, vCenter);
      const handOver = gateway.tenants.proofs.handOver(stranger, id, accomplice, gateway.tenants.context);
      await expect(handOver).rejects.toMatchObject({ code: 'hand_over_unproven' });
      expect(await gateway.tenants.certificates.list(accomplice)).toEqual([]);
      await gateway.settled();
      expect(await gateway.create(await gateway.connect(vCenter))).toEqual({ failure: 'certificate_unproven' });
    },
  );

  it('makes no proof of a registration that is merely the only one', async () => {
    const { stranger, owner, vCenter } = await scene();
    const accomplice = await gateway.tenants.add();
    const id = await gateway.tenants.register(stranger, vCenter);
    const handOver = gateway.tenants.proofs.handOver(stranger, id, accomplice, gateway.tenants.context);
    await expect(handOver).rejects.toMatchObject({ code: 'hand_over_unproven' });
    await gateway.tenants.register(owner, vCenter);
    await gateway.settled();
    expect(await gateway.create(await gateway.connect(vCenter))).toEqual({ failure: 'certificate_unproven' });
  });

  it('takes nothing from who was proven later', async () => {
    const { stranger: giver, owner, vCenter } = await scene();
    const id = await gateway.tenants.register(giver, vCenter, 'operator');
    await gateway.tenants.register(owner, vCenter);
    const password = await gateway.tenants.issuePassword(owner);
    await gateway.settled();
    const client = await gateway.connect(vCenter);
    expect(await homeOf(await gateway.create(client, password))).toBe(owner);
    const receiver = await gateway.tenants.add();
    const handOver = gateway.tenants.proofs.handOver(giver, id, receiver, gateway.tenants.context);
    await expect(handOver).rejects.toMatchObject({ code: 'hand_over_unproven' });
    await gateway.settled();
    expect(await born(client)).toBe(owner);
  });
});

describe('a take-over by the operator', () => {
  it('moves the births, and both instances can read of it', async () => {
    const { stranger: taker, owner, vCenter } = await scene();
    await gateway.tenants.register(owner, vCenter, 'operator');
    const id = await gateway.tenants.register(taker, vCenter, 'operator');
    await gateway.settled();
    const client = await gateway.connect(vCenter);
    expect(await born(client)).toBe(owner);
    await gateway.tenants.proofs.takeOver(taker, id, gateway.tenants.context);
    await gateway.settled();
    expect(await born(client)).toBe(taker);
    const actions = async (instanceId: InstanceId): Promise<string[]> => {
      const all = (await recordedEvents(admin, instanceId)).map(({ event }) => event.action);
      const ofCertificates = all.filter((action) => action.includes('.certificate.'));
      return ofCertificates.map((action) => action.replace('vmware-solutions.certificate.', ''));
    };
    expect(await actions(taker)).toEqual(['create', 'prove']);
    expect(await actions(owner)).toEqual(['create', 'displace']);
  });
});
