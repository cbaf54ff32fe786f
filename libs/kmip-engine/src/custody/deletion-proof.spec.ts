import { toInstanceId, type UniqueIdentifier } from '@lib/kernel';
import {
  KeyManagerError,
  type KeyManagerFault,
  STORED_KEY_FINDINGS,
  type StoredKeyFinding,
  WAITS_FOR,
} from '@lib/key-manager';
import { parseEnvelope, serializeEnvelope, type StoredEnvelope, storedKeyName } from '@lib/kmip-engine';
import { aMove, EngineHarness, FakeRootKey } from '@lib/testing';

const CALL = { correlationId: 'test' as never };
const LATER_MS = 600_001;

/** One key of one tenant, and ways to spoil one of its stored keys, known by id. */
class Stage {
  readonly harness = new EngineHarness();
  readonly keyManager = this.harness.keyManager;
  readonly store = this.harness.store;
  id!: UniqueIdentifier;
  key!: Buffer;
  original!: string;
  payload!: Buffer;

  async create(): Promise<void> {
    const id = await this.harness.createKey();
    this.key = await this.harness.fetch(id);
    const [object] = this.store.objects();
    this.id = object!.uniqueIdentifier;
    this.original = object!.custody!.storedKeyId;
    this.payload = await this.keyManager.fetchKey(CALL, this.original);
  }

  /** A second stored key of the same name and content. */
  async copy(): Promise<string> {
    this.harness.clock.advance(1_000);
    return (await this.keyManager.storeKey(CALL, storedKeyName(this.id), this.payload)).id;
  }

  async unfinish(): Promise<void> {
    this.store.forget(this.id);
    const intent = { uniqueIdentifier: this.id, storedKeyName: storedKeyName(this.id), createdBy: 'x' };
    await this.store.openIntent({ ...intent, startedAt: this.harness.clock.now() }, 100);
  }

  rewrite(id: string, change: (envelope: StoredEnvelope) => object): void {
    const changed = change(parseEnvelope(this.payload));
    this.keyManager.replacePayload(id, serializeEnvelope(changed as StoredEnvelope));
  }

  wrapped(material: Buffer, rootKey = this.keyManager.rootKey): string {
    return rootKey.wrap(material, [this.harness.instanceId, this.id]);
  }

  failFetch(id: string, fault: KeyManagerFault): void {
    const fetchKey = this.keyManager.fetchKey.bind(this.keyManager);
    this.keyManager.fetchKey = (context, asked) =>
      asked === id ? Promise.reject(new KeyManagerError(fault, 'as the test wants it')) : fetchKey(context, asked);
  }

  isThere(id: string): boolean {
    return this.keyManager.storedKeys().some((stored) => stored.id === id);
  }
}

type Spoil = (stage: Stage, id: string) => void;

const SPOILS: Readonly<Record<StoredKeyFinding, Readonly<Record<string, Spoil>>>> = {
  whole: { whole: () => undefined },
  gone: { 'that was deleted': (stage, id) => stage.failFetch(id, 'stored_key_missing') },
  absent: { 'not there at the moment': (stage, id) => stage.failFetch(id, 'stored_key_absent') },
  withheld: { 'without its payload': (stage, id) => stage.keyManager.replacePayload(id, Buffer.alloc(0)) },
  damaged: {
    'no envelope': (stage, id) => stage.keyManager.replacePayload(id, Buffer.from('{}')),
    'no JSON': (stage, id) => stage.keyManager.replacePayload(id, Buffer.from('preflight')),
    'of another object': (stage, id) =>
      stage.rewrite(id, (envelope) => ({ ...envelope, uniqueIdentifier: envelope.instanceId })),
    'with an impossible digest': (stage, id) => stage.rewrite(id, (envelope) => ({ ...envelope, digest: 'x' })),
  },
  unknown_format: {
    'of a later version': (stage, id) => stage.rewrite(id, (envelope) => ({ ...envelope, v: 99 })),
    'with a later field': (stage, id) => stage.rewrite(id, (envelope) => ({ ...envelope, later: true })),
    'of a later algorithm': (stage, id) => stage.rewrite(id, (envelope) => ({ ...envelope, algorithm: 0x4711 })),
  },
  foreign: {
    'of another instance': (stage, id) =>
      stage.rewrite(id, (envelope) => ({ ...envelope, instanceId: toInstanceId(crypto.randomUUID()) })),
  },
  root_key_not_bound: {
    'whole, under a root key that is not bound': (stage, id) => {
      const other = new FakeRootKey();
      const ciphertext = stage.wrapped(stage.key, other);
      stage.rewrite(id, (envelope) => ({ ...envelope, rootKeyId: other.id, ciphertext }));
    },
  },
  not_unwrapped: {
    'that does not unwrap': (stage, id) => {
      const ciphertext = new FakeRootKey().wrap(stage.key, [stage.harness.instanceId, stage.id]);
      stage.rewrite(id, (envelope) => ({ ...envelope, ciphertext }));
    },
  },
  other_key: {
    'that unwraps to other bytes': (stage, id) => {
      const ciphertext = stage.wrapped(Buffer.alloc(32, 7));
      stage.rewrite(id, (envelope) => ({ ...envelope, ciphertext }));
    },
  },
  forged: {
    'with another mask': (stage, id) => stage.rewrite(id, (envelope) => ({ ...envelope, usageMask: 1 })),
    'with another creation': (stage, id) =>
      stage.rewrite(id, (envelope) => ({ ...envelope, created: '2001-01-01T00:00:00.000Z' })),
  },
  error: {
    'while the key manager is away': (stage, id) => stage.failFetch(id, 'unavailable'),
    'that may not be read': (stage, id) => stage.failFetch(id, 'permission_denied'),
    'with a fault not met here before': (stage, id) => stage.failFetch(id, 'later_invention' as KeyManagerFault),
  },
};

interface Caller {
  /** What it deletes of a copy that is whole: the other findings are never deleted. */
  readonly deletesWhole: boolean;
  /** @returns the stored key that was spoiled */
  readonly run: (stage: Stage, spoil: Spoil) => Promise<string>;
}

const reconcileLater = async ({ harness }: Stage): Promise<void> => {
  harness.clock.advance(LATER_MS);
  await harness.settle();
};

/** Everything that deletes stored keys of objects. */
const CALLERS: Readonly<Record<string, Caller>> = {
  'the reconciler, of an unfinished Create': {
    deletesWhole: false,
    run: async (stage, spoil) => {
      await stage.unfinish();
      spoil(stage, stage.original);
      await reconcileLater(stage);
      return stage.original;
    },
  },
  'the reconciler, of the duplicate of an adopted key': {
    deletesWhole: true,
    run: async (stage, spoil) => {
      const spoiled = stage.original;
      await stage.copy();
      await stage.unfinish();
      spoil(stage, spoiled);
      await reconcileLater(stage);
      return spoiled;
    },
  },
  'the reconciler, of a Create that was refused': {
    deletesWhole: true,
    run: async (stage, spoil) => {
      await stage.unfinish();
      await stage.store.refuseIntent(stage.id);
      spoil(stage, stage.original);
      await reconcileLater(stage);
      return stage.original;
    },
  },
  'the reconciler, of an interrupted move': {
    deletesWhole: true,
    run: async (stage, spoil) => {
      const copy = await stage.copy();
      const { rootKey } = stage.keyManager;
      const startedAt = stage.harness.clock.now();
      const move = aMove(stage.store.objects()[0]!, { toRootKeyId: rootKey.id, startedAt });
      await stage.store.moves.open(move, 10);
      spoil(stage, copy);
      await reconcileLater(stage);
      return copy;
    },
  },
  'a move, of the former stored key': {
    deletesWhole: true,
    run: async (stage, spoil) => {
      const { moves } = stage.store;
      const commit = moves.commit.bind(moves);
      moves.commit = async (...args) => {
        spoil(stage, stage.original);
        return commit(...args);
      };
      stage.keyManager.rotate();
      await stage.harness.moveToNewest();
      return stage.original;
    },
  },
  'Destroy, of a copy': {
    deletesWhole: true,
    run: async (stage, spoil) => {
      const copy = await stage.copy();
      spoil(stage, copy);
      await stage.harness.attempt('Destroy', { uniqueIdentifier: stage.id });
      return copy;
    },
  },
  'the reconciler, of a copy at a destruction that was left behind': {
    deletesWhole: true,
    run: async (stage, spoil) => {
      const copy = await stage.copy();
      stage.store.overwrite({ ...stage.store.objects()[0]!, destroyRequestedAt: stage.harness.clock.now() });
      spoil(stage, copy);
      await reconcileLater(stage);
      return copy;
    },
  },
};

const table = Object.entries(CALLERS).flatMap(([caller, { run, deletesWhole }]) =>
  STORED_KEY_FINDINGS.flatMap((finding) =>
    Object.entries(SPOILS[finding]).map(([what, spoil]) => {
      // A field that is not known here keeps nobody from taking the key over.
      const adopted = caller === 'the reconciler, of an unfinished Create' && what === 'with a later field';
      return { caller, what, finding, run, spoil, deletesWhole, adopted };
    }),
  ),
);

describe('what is deleted, and by whom', () => {
  it.each(table)('$caller: a stored key $what', async ({ run, spoil, finding, deletesWhole }) => {
    const stage = new Stage();
    await stage.create();
    const spoiled = await run(stage, spoil);
    expect(stage.isThere(spoiled)).toBe(!(finding === 'whole' && deletesWhole));
  });

  const kept = table.filter(({ finding, adopted }) => finding !== 'whole' && finding !== 'gone' && !adopted);
  it.each(kept)('$caller: a stored key $what that stays is reported', async ({ run, spoil }) => {
    const stage = new Stage();
    await stage.create();
    const spoiled = await run(stage, spoil);
    // One that cannot be looked at is put off as a whole, and said so.
    const said = stage.harness.logs.some(
      ({ fields }) => fields['storedKeyId'] === spoiled || fields['uniqueIdentifier'] === stage.id,
    );
    expect(said).toBe(true);
  });
});

describe('what waits for a stored key that is left', () => {
  const by = (caller: string) => table.filter((row) => row.caller === caller);

  it.each(by('Destroy, of a copy'))('Destroy beside a copy $what', async ({ run, spoil, finding }) => {
    const stage = new Stage();
    await stage.create();
    await run(stage, spoil);
    const waits = finding !== 'whole' && WAITS_FOR[finding] === 'order';
    expect(stage.store.objects()).toMatchObject([{ state: waits ? 'PreActive' : 'Destroyed' }]);
    expect(stage.isThere(stage.original)).toBe(false);
  });

  const notes = [
    ...by('the reconciler, of an interrupted move'),
    ...by('the reconciler, of a Create that was refused'),
  ];
  it.each(notes)('the note of $caller: a stored key $what', async ({ run, spoil, finding }) => {
    const stage = new Stage();
    await stage.create();
    await run(stage, spoil);
    const waits = finding !== 'whole' && WAITS_FOR[finding] !== 'nothing';
    expect(stage.store.intents().length + stage.store.moves.all().length).toBe(waits ? 1 : 0);
  });
});
