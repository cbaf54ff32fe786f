import { type InstanceId, Secret, toInstanceId, type UniqueIdentifier } from '@lib/kernel';
import { type EngineScope, type MessageRoute, type OperationFailure } from '@lib/kmip-engine';
import { type Credential, CredentialType } from '@lib/kmip-protocol';
import { type DirectoryEntry, type FormerRegistration, kmipUserNameOf, type ProofPolicy } from '@lib/tenancy';

import { InstanceRoutes } from './instance-route';
import { days, entry, FINGERPRINT, INSTANCE, NOW, peer } from './session.fixture';

const OTHER = toInstanceId('99999999-2222-4333-8444-555555555555');
const KEY = '12345678-2222-4333-8444-555555555555' as UniqueIdentifier;
const RIGHT = 'right';

const waiting = (changes: Partial<DirectoryEntry> = {}): DirectoryEntry =>
  entry({ instanceId: OTHER, certificateId: 'c2', accountId: 'a2', ...changes });
const proven = (at: number) =>
  ({ standing: { registeredAt: days(-9), issued: false, proof: { kind: 'credential', at: days(at) } } }) as const;

const credential = (username: string, password = RIGHT): Credential => ({
  credentialType: CredentialType.UsernameAndPassword,
  username,
  password: Secret.fromText(password),
});
const opaque: Credential = { credentialType: 0x80000001, encodedValue: Secret.fromText('whatever') };

class Scene {
  readonly said: string[] = [];
  holders: { readonly instanceId: InstanceId; readonly own: boolean }[] = [];
  readonly policy: { -readonly [Name in keyof ProofPolicy]: ProofPolicy[Name] } = {};
  /** Instances that have issued a password. */
  issuers: InstanceId[] = [INSTANCE, OTHER];
  proofFails = false;
  /** How often the catalog was asked where a key is. */
  lookUps = 0;

  constructor(
    readonly current: readonly DirectoryEntry[],
    readonly former: readonly FormerRegistration[] = [],
  ) {}

  readonly routes = new InstanceRoutes({
    directory: {
      credentialsOf: (userName) =>
        this.issuers
          .filter((instanceId) => kmipUserNameOf(instanceId) === userName)
          .map((instanceId) => ({ instanceId, id: 'k', passwordHmac: Buffer.alloc(0), serviceKeyVersion: 1 })),
    },
    regions: {
      holders: () => {
        this.lookUps += 1;
        return Promise.resolve(this.holders);
      },
    },
    passwords: { matches: (_credential, password) => password === RIGHT },
    proofs: {
      prove: (instanceId, _fingerprint, kind) => this.#note(`${kind} proves ${nameOf(instanceId)}`),
      recognize: (instanceId) => this.#note(`${nameOf(instanceId)} recognizes`).then(() => true),
    },
    policy: this.policy,
    records: {
      credentialNotRight: (_peer, code, { instanceId }) => this.said.push(`${code} at ${nameOf(instanceId)}`),
      birthRefused: (_peer, refusal, { instanceId }) => this.said.push(`${refusal} shown to ${nameOf(instanceId)}`),
    },
    audit: {
      record: (_peer, { instanceId }, refusal) => this.#note(`${refusal} in the trail of ${nameOf(instanceId)}`),
    },
    clock: { now: () => NOW, monotonicMs: () => 0 },
    config: { kmipEndpointName: 'kmip-1', kmipInstanceDomain: 'KMIP.example.com' },
    logger: { error: (_fields, message) => this.said.push(`alarm: ${message}`) },
  });

  route(changes: Parameters<typeof peer>[0] = {}): MessageRoute {
    const [primary = entry()] = this.current;
    const scopeFor = ({ instanceId }: DirectoryEntry) => Promise.resolve({ instanceId } as EngineScope);
    return this.routes.for({
      peer: peer(changes),
      registrations: { current: this.current, former: this.former },
      primary,
      primaryScope: { instanceId: primary.instanceId } as EngineScope,
      scopeFor,
    });
  }

  #note(what: string): Promise<void> {
    this.said.push(what);
    return this.proofFails ? Promise.reject(new Error('the database is away')) : Promise.resolve();
  }
}

const nameOf = (instanceId: InstanceId): string =>
  instanceId === INSTANCE ? 'first' : instanceId === OTHER ? 'second' : instanceId;
const where = async (scope: Promise<EngineScope>): Promise<string> =>
  scope.then(({ instanceId }) => nameOf(instanceId)).catch((error: unknown) => (error as OperationFailure).failure);

describe('a certificate that one instance registers', () => {
  it('leads everything there, and asks nobody', async () => {
    const scene = new Scene([entry()]);
    expect(await where(scene.route().births())).toBe('first');
    expect(await where(scene.route().holding(KEY))).toBe('first');
    expect([scene.said, scene.lookUps]).toEqual([[], 0]);
  });

  it('asks nobody either when another instance of its owner registered it before', async () => {
    const { fingerprint, accountId, standing } = entry();
    const moved = new Scene([entry()], [{ fingerprint, instanceId: OTHER, accountId, standing }]);
    expect(await where(moved.route().holding(KEY))).toBe('first');
    expect(moved.lookUps).toBe(0);
    const disputed = new Scene([entry()], [{ fingerprint, instanceId: OTHER, accountId: 'a2', standing }]);
    await where(disputed.route().holding(KEY));
    expect(disputed.lookUps).toBe(1);
  });

  it('proves itself once by the password, and not on a session that was taken up again', async () => {
    const scene = new Scene([entry()]);
    await scene.route({ fullHandshake: false }).judge([credential(kmipUserNameOf(INSTANCE))]);
    expect(scene.said).toEqual([]);
    await scene.route().judge([credential(kmipUserNameOf(INSTANCE).toUpperCase())]);
    expect(scene.said).toEqual(['credential proves first']);
    await new Scene([entry(proven(-1))]).route().judge([credential(kmipUserNameOf(INSTANCE))]);
    expect(scene.said).toHaveLength(1);
  });

  it('is refused for a wrong password of its instance, not for one of anybody else', async () => {
    const scene = new Scene([entry()]);
    const wrong = credential(kmipUserNameOf(INSTANCE), 'wrong');
    await expect(scene.route().judge([wrong])).rejects.toMatchObject({ failure: 'credential_wrong' });
    await expect(scene.route().judge([credential('vSphere', 'x'), opaque])).resolves.toBeUndefined();
    await expect(scene.route().judge([credential(kmipUserNameOf(OTHER))])).resolves.toBeUndefined();
    expect(scene.said).toEqual(['credential_wrong at first', ...Array<string>(3).fill('credential_foreign at first')]);
    await expect(scene.route().judge([wrong, credential(kmipUserNameOf(INSTANCE))])).resolves.toBeUndefined();
  });

  it('is refused for a password that was taken back, be it the last, and served without any', async () => {
    const scene = new Scene([entry()]);
    scene.issuers = [];
    const old = credential(kmipUserNameOf(INSTANCE));
    await expect(scene.route().judge([old])).rejects.toMatchObject({ failure: 'credential_wrong' });
    await expect(scene.route().judge([])).resolves.toBeUndefined();
    expect(scene.said).toEqual(['credential_wrong at first']);
  });

  it('is refused for what its instance did not issue where the instance says so, never for sending nothing', async () => {
    const strict = new Scene([entry({ credentialPolicy: 'enforce' })]);
    for (const foreign of [credential('vSphere'), opaque]) {
      await expect(strict.route().judge([foreign])).rejects.toMatchObject({ failure: 'credential_foreign' });
    }
    expect(await where(strict.route().births())).toBe('first');
  });

  it('goes on when a proof cannot be recorded', async () => {
    const scene = new Scene([entry()]);
    scene.proofFails = true;
    await scene.route().judge([credential(kmipUserNameOf(INSTANCE))]);
    expect(scene.said).toEqual(['credential proves first', 'alarm: a proof could not be recorded']);
  });

  it('makes no keys without proof where the operator demands it, and serves those there are', async () => {
    const scene = new Scene([entry()]);
    scene.policy.requiredSince = days(-2);
    expect(await where(scene.route().births())).toBe('proof_required');
    expect(await where(scene.route().holding(KEY))).toBe('first');
    const route = scene.route();
    await route.judge([credential(kmipUserNameOf(INSTANCE))]);
    expect(await where(route.births())).toBe('first');
  });
});

describe('a certificate that two instances register', () => {
  it('makes no keys while nothing shows whose it is, and both are told', async () => {
    const scene = new Scene([entry(), waiting()]);
    expect(await where(scene.route().births())).toBe('certificate_unproven');
    expect(scene.said).toEqual([
      'certificate_unproven shown to first',
      'certificate_unproven shown to second',
      // The first's own trail gets it with the failed operation.
      'certificate_unproven in the trail of second',
    ]);
  });

  it('makes keys where the request says, by password or by host name, and keeps the proof', async () => {
    const scene = new Scene([entry(proven(-1)), waiting()]);
    expect(await where(scene.route().births())).toBe('first');
    const route = scene.route();
    await route.judge([credential(kmipUserNameOf(OTHER))]);
    expect(await where(route.births())).toBe('second');
    const serverName = `${kmipUserNameOf(OTHER)}.kmip.example.com`;
    expect(await where(scene.route({ serverName }).births())).toBe('second');
    expect(await where(scene.route({ serverName: `${kmipUserNameOf(OTHER)}.example.org` }).births())).toBe('first');
    expect(scene.said).toEqual(['credential proves second', 'host_name proves second']);
  });

  it('renews an older proof when the other was proven later', async () => {
    const scene = new Scene([entry(proven(-2)), waiting(proven(-1))]);
    await scene.route().judge([credential(kmipUserNameOf(INSTANCE))]);
    expect(scene.said).toEqual(['credential proves first']);
  });

  it('is not refused for the wrong password of one that waits', async () => {
    const scene = new Scene([entry(proven(-1)), waiting()]);
    await expect(scene.route().judge([credential(kmipUserNameOf(OTHER), 'wrong')])).resolves.toBeUndefined();
    expect(scene.said).toEqual(['credential_wrong at second']);
    const serving = credential(kmipUserNameOf(INSTANCE), 'wrong');
    await expect(scene.route().judge([serving])).rejects.toMatchObject({ failure: 'credential_wrong' });
  });

  it.each<[string, readonly DirectoryEntry[], Scene['holders'], string]>([
    [
      'the one that has it, waiting or not',
      [entry(proven(-1)), waiting()],
      [{ instanceId: OTHER, own: true }],
      'second',
    ],
    [
      'the one proven, of two that have it',
      [entry(), waiting(proven(-1))],
      [
        { instanceId: INSTANCE, own: true },
        { instanceId: OTHER, own: true },
      ],
      'second',
    ],
    [
      'nobody, of two that show nothing',
      [entry(), waiting()],
      [
        { instanceId: INSTANCE, own: true },
        { instanceId: OTHER, own: true },
      ],
      'key_in_several_instances',
    ],
    [
      'nobody, where the one that has it is disabled',
      [entry(), waiting({ instanceEnabled: false })],
      [{ instanceId: OTHER, own: true }],
      'registration_not_serving',
    ],
    [
      'nobody, where a stranger has one of the same name as the owner, who is suspended',
      [entry(), waiting({ ...proven(-1), instanceEnabled: false })],
      [
        { instanceId: INSTANCE, own: true },
        { instanceId: OTHER, own: true },
      ],
      'registration_not_serving',
    ],
    [
      'the owner, where a stranger that is suspended has one of the same name',
      [entry(proven(-1)), waiting({ instanceEnabled: false })],
      [
        { instanceId: INSTANCE, own: true },
        { instanceId: OTHER, own: true },
      ],
      'first',
    ],
    ['where it is not found, when nobody has it', [entry(), waiting()], [], 'first'],
  ])('serves a key from %s', async (_, current, holders, expected) => {
    const scene = new Scene(current);
    scene.holders = holders;
    expect(await where(scene.route().holding(KEY))).toBe(expected);
  });

  it('alarms the operator about a key in two instances', async () => {
    const scene = new Scene([entry(), waiting()]);
    scene.holders = [INSTANCE, OTHER].map((instanceId) => ({ instanceId, own: true }));
    await where(scene.route().holding(KEY));
    expect(scene.said).toEqual(['alarm: a key is in several instances that register one certificate']);
  });

  it.each<[string, readonly DirectoryEntry[], Scene['holders'], readonly string[]]>([
    ['by a key of its predecessor', [entry(), waiting()], [{ instanceId: OTHER, own: false }], ['second recognizes']],
    ['not by a key of its own', [entry(), waiting()], [{ instanceId: OTHER, own: true }], []],
    [
      'not when others have the key too',
      [entry(), waiting()],
      [
        { instanceId: OTHER, own: false },
        { instanceId: INSTANCE, own: false },
      ],
      [],
    ],
    ['not when it is settled already', [entry(proven(-1)), waiting()], [{ instanceId: OTHER, own: false }], []],
  ])('is recognized %s', async (_, current, holders, expected) => {
    const scene = new Scene(current);
    scene.holders = holders;
    await where(scene.route().holding(KEY));
    expect(scene.said.filter((line) => line.includes('recognizes'))).toEqual(expected);
  });

  it('hands nothing over when the one proven was removed', async () => {
    const { fingerprint, instanceId, accountId, standing } = entry(proven(-1));
    const scene = new Scene([waiting()], [{ fingerprint, instanceId, accountId, standing }]);
    expect(fingerprint).toBe(FINGERPRINT);
    expect(await where(scene.route().births())).toBe('registration_not_serving');
    scene.holders = [{ instanceId: INSTANCE, own: true }];
    expect(await where(scene.route().holding(KEY))).toBe('second');
  });

  it('tells all of a flood of registrations, however many births are refused meanwhile', async () => {
    const flood = Array.from({ length: 300 }, (_, index) =>
      waiting({ instanceId: toInstanceId(`${String(index).padStart(8, '0')}-2222-4333-8444-555555555555`) }),
    );
    const scene = new Scene([entry(), ...flood]);
    const births = Array.from({ length: 10 }, () => where(scene.route().births()));
    expect(await Promise.all(births)).toEqual(Array(10).fill('certificate_unproven'));
    await scene.routes.settled();
    const trails = scene.said.filter((what) => what.includes('in the trail of'));
    expect(new Set(trails).size).toBe(300);
    // Those who are told at once ten times, the others once.
    expect(trails.length).toBeLessThan(500);
  });
});
