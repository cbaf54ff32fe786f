import { Controller, Delete, Get, Inject, Post, Put } from '@nestjs/common';

import { type Clock, type Secret } from '@lib/kernel';
import { type EndpointVisibility } from '@lib/key-manager';
import { CLOCK } from '@lib/platform';
import {
  KeyMoveService,
  type MoveState,
  type MoveStatus,
  movesTogether,
  type NewRootKeyCredential,
  type RootKeyBinding,
  RootKeyBindingService,
  type WatchedRootKey,
} from '@lib/tenancy';

import { ApiError, notFound } from '../../http/api-error';
import { type CheckedChange, type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, CheckedOperation, Operation } from '../../http/operation.decorator';
import { administratorOf } from '../administrator';
import { PUBLIC_URL } from '../../http/tokens';
import { expectedRevision, refuseIfMatch, withEntityTag } from '../versions';
import { fitServiceId, givenApiKey, using, type WithApiKey } from './given-api-key';
import { progressOf } from './key-move-progress';
import { providerOf } from './provider';
import { parseRootKeyCrn, rootKeyCrn, visibilityOf } from './root-key-crn';
import { HealthOverview } from './health-overview';
import { obstacleUnder, seenWell } from './root-key-health.response';
import { type RootKeyCheck, RootKeyWorkbench, type RootKeyWish } from './root-key-workbench';
import { reachedRootKeys } from './unreached-root-keys';

/** InstanceRootKeyPrototype, InstanceRootKeyCheckPrototype. */
interface Prototype extends WithApiKey {
  readonly crn?: string;
  readonly endpoint_visibility?: EndpointVisibility;
}

@Controller('v1/instances/:instance_id')
export class RootKeyController {
  constructor(
    @Inject(RootKeyBindingService) private readonly bindings: RootKeyBindingService,
    @Inject(KeyMoveService) private readonly moves: KeyMoveService,
    @Inject(HealthOverview) private readonly health: HealthOverview,
    @Inject(RootKeyWorkbench) private readonly workbench: RootKeyWorkbench,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get('root_key')
  @Operation('get_instance_root_key', 'root-key.read')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    const [active] = await this.#bindings(call);
    if (!active) throw notFound();
    return this.#answer(call, 200, active);
  }

  @Put('root_key')
  @CheckedOperation('set_instance_root_key', 'root-key.set', { ifGiven: { api_key: 'credential.set' } })
  async set(@Call() call: OperationCall): Promise<CheckedChange> {
    const bindings = await this.#bindings(call);
    return this.#bind(call, bindings, wishOf(call.body as Prototype, bindings[0]));
  }

  /**
   * Its keys are at home again, and the others come back in the way in which they left. Of one that is bound already it
   * is the same as setting it again: whoever lost the answer may ask once more.
   */
  @Post('former_root_keys/:id/roll_back')
  @CheckedOperation('roll_back_instance_former_root_key', 'root-key.set')
  async rollBack(@Call() call: OperationCall): Promise<CheckedChange> {
    const bindings = await this.#bindings(call);
    const wanted = bindings.find(({ id }) => id === call.path['id']);
    if (!wanted) throw notFound();
    return this.#bind(call, bindings, { ...wanted, visibility: visibilityOf(wanted) });
  }

  /** Binds what passes every call that it will have to serve. */
  async #bind(
    call: OperationCall,
    bindings: readonly RootKeyBinding[],
    { keyManagerCrn, rootKeyId, visibility }: RootKeyWish,
  ): Promise<CheckedChange> {
    const [active] = bindings;
    if (!active) refuseIfMatch(call);
    const revision = active && expectedRevision(call, active.id, active);
    const wish = { keyManagerCrn, rootKeyId, visibility };
    const { instanceId } = call.instance();
    const check = await this.#check(call, bindings, wish);
    if (!check.passed) throw unavailable(check);
    const credential = await this.#credential(call, bindings, wish);
    const { keyRingId, discoveredEndpoint } = check;
    const wanted = {
      ...wish,
      ...(keyRingId !== undefined && { keyRingId }),
      ...(discoveredEndpoint !== undefined && { discoveredEndpoint }),
    };
    return async () => {
      const bound = await using(givenApiKey(call.body), (apiKey) =>
        this.bindings.set(instanceId, wanted, administratorOf(call), {
          revision,
          ...(apiKey !== undefined && credential !== undefined && { credential: { ...credential, apiKey } }),
        }),
      );
      await this.bindings.noteProbe(instanceId, bound.id, undefined);
      await this.health.noteWell(instanceId, bound.id, administratorOf(call));
      return this.#answer(call, active ? 200 : 201, { ...bound, checkedAt: check.checkedAt });
    };
  }

  @Delete('root_key')
  @Operation('unset_instance_root_key', 'root-key.unset')
  async unset(@Call() call: OperationCall): Promise<OperationAnswer> {
    const [active] = await this.#bindings(call);
    if (!active) throw notFound();
    const revision = expectedRevision(call, active.id, active);
    await this.bindings.unset(call.instance().instanceId, administratorOf(call), revision);
    return { status: 204 };
  }

  @Post('root_key_checks')
  @Operation('check_instance_root_key', 'root-key.check')
  async check(@Call() call: OperationCall): Promise<OperationAnswer> {
    const bindings = await this.#bindings(call);
    const [active] = bindings;
    const body = call.body as Prototype;
    const wish = wishOf(body, active);
    const { instanceId } = call.instance();
    const check = await this.#check(call, bindings, wish);
    // Of another API key it says nothing of the root key as it is bound.
    if (active && rootKeyCrn(active) === rootKeyCrn(wish) && body.api_key === undefined) {
      const failure = failureOf(check);
      await this.bindings.noteProbe(instanceId, active.id, failure);
      if (failure === undefined) await this.#noteWell(call, active, check);
    }
    return {
      status: 200,
      body: {
        crn: rootKeyCrn(wish),
        passed: check.passed,
        destroy_permitted: check.destroyPermitted,
        checked_at: check.checkedAt.toISOString(),
        steps: check.steps.map((step) => ({ ...step, values: step.values ?? [] })),
      },
    };
  }

  /** All calls were made, those that no test makes included. */
  async #noteWell(call: OperationCall, { id, rootKeyId }: RootKeyBinding, check: RootKeyCheck): Promise<void> {
    const { instanceId } = call.instance();
    const by = administratorOf(call);
    await this.moves.retryAfterCheck(instanceId, { rootKeyId, mayDelete: check.destroyPermitted }, by);
    // Of the adapter that is in force then.
    await this.health.noteWell(instanceId, id, by);
  }

  /** With the API key that comes with the root key, or that it has as a former one; or else with the one in force. */
  async #check(call: OperationCall, bindings: readonly RootKeyBinding[], wish: RootKeyWish): Promise<RootKeyCheck> {
    const { instanceId } = call.instance();
    const known = bindings.find((binding) => rootKeyCrn(binding) === rootKeyCrn(wish));
    const own = async (): Promise<Secret | undefined> => {
      const others = known && (await this.bindings.formerCredentials(instanceId));
      return known && others?.has(known.id) === true ? this.bindings.openApiKey(instanceId, known.id) : undefined;
    };
    return using(givenApiKey(call.body) ?? own(), (apiKey) =>
      this.workbench.check(instanceId, wish, call.correlationId, apiKey),
    );
  }

  /** Of the API key that comes with the root key: whose it is, and which other root keys it serves. */
  async #credential(
    call: OperationCall,
    bindings: readonly RootKeyBinding[],
    wish: RootKeyWish,
  ): Promise<Omit<NewRootKeyCredential, 'apiKey'> | undefined> {
    return using(givenApiKey(call.body), async (apiKey) => {
      if (apiKey === undefined) return undefined;
      const { instanceId } = call.instance();
      const serviceIdIamId = await fitServiceId(this.workbench, apiKey, wish.keyManagerCrn, this.clock);
      const others = bindings.filter((binding) => rootKeyCrn(binding) !== rootKeyCrn(wish));
      const trial = { instanceId, correlationId: call.correlationId, apiKey };
      return { serviceIdIamId, reaches: await reachedRootKeys(this.workbench, others, trial) };
    });
  }

  /** The active one first. */
  async #bindings(call: OperationCall): Promise<readonly RootKeyBinding[]> {
    const found = await this.bindings.list(call.instance().instanceId);
    return found[0]?.status === 'active' ? found : [];
  }

  async #answer(call: OperationCall, status: 200 | 201, binding: RootKeyBinding): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const href = `${this.publicUrl}/v1/instances/${instanceId}/root_key`;
    const moves = await this.moves.of(instanceId);
    const { rootKeys, health } = await this.health.of(instanceId, binding);
    const standing = standingOf(binding, rootKeys);
    const body = withEntityTag(binding.id, binding, {
      crn: rootKeyCrn(binding),
      href,
      ...providerOf(binding.kind),
      endpoint_visibility: visibilityOf(binding),
      status: statusOf(standing, moves),
      rotation: rotationOf(binding, moves),
      message: standing.message,
      health,
      verified_at: standing.verifiedAt?.toISOString(),
      updated_at: binding.updatedAt.toISOString(),
    });
    return { status, body, etag: body.etag, ...(status === 201 && { location: href }) };
  }
}

/** Keys that go to the newest version of the root key, while they do. */
function rotationOf({ id, moves }: RootKeyBinding, all: readonly MoveStatus[]): object | undefined {
  const rotation = all.find(({ binding }) => binding.id === id);
  if (rotation === undefined || moves === undefined) return undefined;
  const { state, keysUnder, keysLeft, message } = rotation;
  return {
    version: moves.toVersion,
    state,
    keys_total: keysUnder,
    keys_left: keysLeft,
    message,
    progress: progressOf(moves, state),
  };
}

/** Keys that stay where they are serve as well; when the last one has arrived, none is on its way. */
const STATUS_WHILE: Readonly<Record<MoveState, string | undefined>> = {
  moving: 'rewrapping',
  settling: undefined,
  paused: 'rewrapping_paused',
  hindered: 'rewrapping_hindered',
  staying: undefined,
};

interface Standing {
  readonly verifiedAt?: Date | undefined;
  /** What is met by calls, or what an administrator's check found, unless keys were made or served since. */
  readonly message?: string | undefined;
}

/** What a test or a client sees is as good as a check. */
function standingOf({ checkedAt, statusDetail }: RootKeyBinding, own: readonly WatchedRootKey[]): Standing {
  const [seenAt] = own.flatMap((one) => seenWell(one) ?? []);
  const isNewer = seenAt !== undefined && (checkedAt === undefined || seenAt > checkedAt);
  if (isNewer) return { verifiedAt: seenAt };
  const [met] = own.flatMap((one) => obstacleUnder(one) ?? []);
  return { verifiedAt: checkedAt, message: met ?? statusDetail };
}

function statusOf({ message, verifiedAt }: Standing, moves: readonly MoveStatus[]): string {
  if (message !== undefined) return 'unavailable';
  const state = movesTogether(moves.map((move) => move.state));
  return (state && STATUS_WHILE[state]) ?? (verifiedAt ? 'available' : 'unverified');
}

function wishOf({ crn, endpoint_visibility: wanted }: Prototype, active?: RootKeyBinding): RootKeyWish {
  if (crn !== undefined) return { ...parseRootKeyCrn(crn), visibility: wanted ?? 'private' };
  if (!active) {
    throw ApiError.of(400, 'missing_field', 'No root key is bound: name the one to check.', {
      type: 'field',
      name: 'crn',
    });
  }
  const { keyManagerCrn, rootKeyId } = active;
  return { keyManagerCrn, rootKeyId, visibility: wanted ?? visibilityOf(active) };
}

const failureOf = ({ steps }: RootKeyCheck): string | undefined => {
  const failed = steps.find(({ result }) => result === 'failed');
  return failed && `${failed.code}: ${failed.message}`;
};

/** Each failed step is a fault of its own, with its remedy. */
function unavailable({ steps }: RootKeyCheck): ApiError {
  const failed = steps.filter(({ result }) => result === 'failed');
  return new ApiError(
    400,
    failed.map(({ code, message, remedy, reason }) => ({
      code: code === 'token_create' ? ('credential_rejected' as const) : ('root_key_unavailable' as const),
      message: `${code}: ${message}. ${remedy ?? ''}`.trim(),
      ...(reason !== undefined && { reason }),
      target: { type: 'field' as const, name: 'crn' },
    })),
  );
}
