import { KEY_MANAGER_FAULTS } from '@lib/key-manager';
import { toUniqueIdentifier } from '@lib/kernel';
import { isDestroyed, type KeyChange, type ManagedObject } from '@lib/kmip-engine';
import { ObjectType, ResultStatus } from '@lib/kmip-protocol';

import { attribute, vcenterKey } from '../engine/engine-harness';
import { nameValue } from '../engine/managed-object.fixture';
import { type KeyManagerMethod } from '../key-manager/fault-script';
import { type Dice } from './dice';
import { type Fate } from './fate';
import { keepNotes, release } from './life-operator';
import { type LifeWorld } from './life-world';
import { FORGERIES, GIVES_THE_KEY } from './tenant-vault';

type Play = (world: LifeWorld, dice: Dice) => void | Promise<void>;

const STORE_METHODS = [
  'find',
  'openIntent',
  'completeIntent',
  'claimIntent',
  'refuseIntent',
  'abandonIntent',
  'restore',
  'mutate',
  'recordFetch',
  'moves.open',
  'moves.commit',
  'moves.claim',
  'moves.close',
] as const;

const KEY_MANAGER_METHODS: readonly KeyManagerMethod[] = [
  'wrap',
  'unwrap',
  'rewrap',
  'storeKey',
  'fetchKey',
  'deleteKey',
  'findKeysByName',
  'listKeys',
  'describeRootKey',
];

/** An answer that a stored key is gone is proof (docs/adr/0064): the adapter never gives it of one that is there. */
const FAULTS = KEY_MANAGER_FAULTS.filter((fault) => fault !== 'stored_key_missing');

const anyFate = ({ fates }: LifeWorld, dice: Dice): Fate | undefined =>
  fates.size === 0 ? undefined : dice.pick([...fates.values()]);

/** A play about one key that was acknowledged; nothing where there is none. */
const about =
  (play: (world: LifeWorld, fate: Fate, dice: Dice) => void | Promise<void>): Play =>
  (world, dice) => {
    const fate = anyFate(world, dice);
    return fate === undefined ? undefined : play(world, fate, dice);
  };

const create: Play = async (world, dice) => {
  const name = attribute('Name', nameValue(`vm-${String(dice.below(8))}`));
  const attributes = [...vcenterKey, ...(dice.chance(0.5) ? [name] : [])];
  if (dice.chance(0.2)) attributes.push(attribute('Activation Date', { type: 'DateTime', value: 1_700_000_000n }));
  const payload = { objectType: ObjectType.SymmetricKey, templateAttribute: { attributes } };
  const { response } = await world.process.harness.attempt('Create', payload, { scope: world.engineScope() });
  if (response?.name === 'Create') world.acknowledge(toUniqueIdentifier(response.payload.uniqueIdentifier));
};

const isWithheld = (row: ManagedObject | undefined): boolean =>
  row === undefined || row.suspended || row.destroyRequestedAt !== undefined || isDestroyed(row.state);

const get = about(async (world, fate) => {
  const before = await world.catalog.store.find(fate.id);
  const outcome = await world.get(fate);
  const after = await world.catalog.store.find(fate.id);
  if (outcome === 'served' && isWithheld(before) && isWithheld(after))
    world.violated(`${fate.id} was served although the catalog in force forbids it`);
  if (outcome === 'served' && fate.destroyed && !fate.replayed && !world.vault.isFailedOver)
    world.violated(`${fate.id} was destroyed and is served`);
});

const activate = about(async (world, { id }) => {
  await world.process.harness.attempt('Activate', { uniqueIdentifier: id }, { scope: world.engineScope() });
});

const revoke = about(async (world, { id }, dice) => {
  world.touch(id, 'ended');
  const revocationReason = { revocationReasonCode: dice.chance(0.5) ? 2 : 6 };
  await world.process.harness.attempt(
    'Revoke',
    { uniqueIdentifier: id, revocationReason },
    { scope: world.engineScope() },
  );
});

const addAttribute = about(async (world, { id }, dice) => {
  const note = attribute(`x-${String(dice.below(5))}`, { type: 'TextString', value: 'a note' });
  await world.process.harness.attempt(
    'AddAttribute',
    { uniqueIdentifier: id, attribute: note },
    { scope: world.engineScope() },
  );
});

const administer = about(async (world, fate, dice) => {
  const change = dice.pick<KeyChange>([
    { suspended: true },
    { suspended: false },
    { reactivate: true },
    { reactivate: true, suspended: true },
  ]);
  if (change.reactivate === true) world.touch(fate.id, 'ended');
  if (change.suspended !== undefined) world.touch(fate.id, 'suspended');
  await world.administer(fate, change).catch(() => undefined);
});

const destroy = about(async (world, fate) => {
  const { id } = fate;
  const row = await world.catalog.store.find(id);
  // Of an order nobody was answered for, all that is known is that it may have been carried out.
  const item = await world.process.harness.attempt('Destroy', { uniqueIdentifier: id }, { scope: world.engineScope() });
  if (item.resultStatus !== ResultStatus.Success) return;
  fate.destroyed = true;
  await world.lookForLeft(fate);
  if (row === undefined) world.violated(`${id} was destroyed by a catalog that does not have it`);
});

const fail: Play = (world, dice) => {
  const options = { afterEffect: dice.chance(0.5), times: 1 + dice.below(2) };
  if (dice.chance(0.3)) {
    world.faults.failNext(dice.pick(STORE_METHODS), options);
    return;
  }
  const keyManager = world.vault.of(dice.pick(world.vault.rootKeys));
  const more = { after: dice.below(4), uncertain: dice.chance(0.3) };
  keyManager.failNext(dice.pick(KEY_MANAGER_METHODS), dice.pick(FAULTS), { ...options, ...more });
};

/** What the tenant does with the service's rights and its own root keys. */
const withhold: Play = ({ vault }, dice) => {
  const keyManager = vault.of(dice.pick(vault.rootKeys));
  dice.pick([
    () => (keyManager.role = 'writer'),
    () => (keyManager.role = 'manager'),
    () => keyManager.disable(),
    () => keyManager.expire(),
    () => keyManager.enable(),
    () => (keyManager.searchLagMs = 5_000),
    () => (keyManager.searchLagMs = 0),
  ])();
};

const failOver: Play = ({ vault, clock }, dice) => {
  const keyManager = vault.of(dice.pick(vault.rootKeys));
  vault.failOver(keyManager, new Date(clock.now().getTime() - dice.below(3_600_000)));
};

const forge = about((world, fate, dice) => {
  const { id, key, destroyed } = fate;
  const copies = world.vault.copiesOf(id, key);
  if (copies.length === 0 || destroyed) return;
  const forgery = dice.pick(FORGERIES);
  if (GIVES_THE_KEY.has(forgery)) fate.replayed = true;
  world.vault.forge(forgery, id, dice.pick(copies));
});

/** The key manager stores, or wraps, something else than it was given. */
const corrupt: Play = ({ vault }, dice) => {
  vault.corruptNext(vault.of(dice.pick(vault.rootKeys)), dice.pick(['storeKey', 'wrap'] as const));
};

const settle: Play = async (world, dice) => {
  world.clock.advance(dice.below(700_000));
  await world.catalog.minute();
  await world.process.harness
    .reconciler()
    .run(world.reconcileScope())
    .catch(() => undefined);
};

const note: Play = (world) => keepNotes(world).catch(() => undefined);

/** Time goes by, and with each minute a process looks whether it was restored. */
const later: Play = async ({ clock, catalog }, dice) => {
  clock.advance(dice.below(1_200_000));
  await catalog.minute();
};

/** Its owner is answered: from then on nobody is let in with it, until a restore forgets it together with the record. */
const removeCertificate: Play = async ({ catalog, withdrawnCertificates }, dice) => {
  const allowed = await catalog.certificates();
  if (allowed.length === 0) return;
  const id = dice.pick(allowed.toSorted());
  await catalog.removeCertificate(id);
  withdrawnCertificates.add(id);
};

/** Within the time in which the key manager can restore what was deleted, somebody of the tenant does. */
const undelete: Play = ({ fates, vault }, dice) => {
  const destroyed = [...fates.values()].filter((fate) => fate.destroyed);
  if (destroyed.length === 0) return;
  const fate = dice.pick(destroyed);
  if (vault.undelete(fate.id, fate.key)) fate.replayed = true;
};

const move: Play = async (world) => {
  const scope = world.reconcileScope();
  const { sweep } = world.process;
  for (const source of scope.former ?? []) await sweep.leave(scope, source).catch(() => undefined);
  await sweep.refresh(scope).catch(() => undefined);
};

const bind: Play = (world, dice) => {
  const { vault, bindings } = world;
  const fresh = dice.chance(0.6);
  world.bind(
    fresh
      ? vault.newRootKey(dice.chance(0.5) ? vault.of(bindings.current) : undefined)
      : dice.pick([bindings.current, ...bindings.former]),
  );
};

/** Every play, and how often it comes among all. */
export const PLAYS = {
  create: { weight: 5, play: create },
  get: { weight: 5, play: get },
  activate: { weight: 1, play: activate },
  revoke: { weight: 2, play: revoke },
  addAttribute: { weight: 1, play: addAttribute },
  administer: { weight: 3, play: administer },
  destroy: { weight: 2, play: destroy },
  rotate: { weight: 2, play: ({ vault }, dice) => dice.pick(vault.rootKeys).rotate() },
  bind: { weight: 2, play: bind },
  move: { weight: 3, play: move },
  settle: { weight: 3, play: settle },
  rebuild: { weight: 1, play: (world) => world.rebuild().catch(() => undefined) },
  backUp: { weight: 2, play: (world) => world.backUp() },
  restore: { weight: 2, play: (world, dice) => world.restore({ noticed: dice.chance(0.5) }) },
  release: { weight: 1, play: (world) => release(world).catch(() => undefined) },
  exportTrail: { weight: 2, play: (world) => world.exportTrail() },
  fail: { weight: 5, play: fail },
  withhold: { weight: 2, play: withhold },
  failOver: { weight: 1, play: failOver },
  recover: { weight: 2, play: (world) => world.recover() },
  crash: {
    weight: 3,
    play: (world, dice) => world.process.mortality.dieIn(dice.below(30), { afterEffect: dice.chance(0.5) }),
  },
  restart: { weight: 1, play: (world) => world.restart() },
  forge: { weight: 2, play: forge },
  corrupt: { weight: 1, play: corrupt },
  note: { weight: 2, play: note },
  later: { weight: 3, play: later },
  undelete: { weight: 1, play: undelete },
  removeCertificate: { weight: 1, play: removeCertificate },
} as const satisfies Readonly<Record<string, { readonly weight: number; readonly play: Play }>>;

export type PlayName = keyof typeof PLAYS;

/** They change what others go by while they are under way. */
export const ALONE: ReadonlySet<PlayName> = new Set([
  'backUp',
  'restore',
  'release',
  'exportTrail',
  'restart',
  'recover',
]);

export const COMPANIONS = [
  'create',
  'get',
  'revoke',
  'destroy',
  'move',
  'settle',
  'rebuild',
  'rotate',
  'bind',
] as const;
