import { type InstanceId } from '@lib/kernel';
import {
  anActionContext,
  aRootKeyBinding,
  InMemoryRegion,
  InMemoryUnitOfWork,
  ManualClock,
  putInstance,
} from '@lib/testing';

import { KeyMoveService } from './key-move.service';
import { type RootKeyBinding } from './root-key-binding';

const BY = anActionContext();

describe('KeyMoveService', () => {
  const clock = new ManualClock();
  let unitOfWork: InMemoryUnitOfWork;
  let moves: KeyMoveService;
  let id: InstanceId;
  let active: RootKeyBinding;
  let former: RootKeyBinding;

  beforeEach(async () => {
    unitOfWork = new InMemoryUnitOfWork(new InMemoryRegion(clock));
    moves = new KeyMoveService(unitOfWork, clock);
    ({ id } = await putInstance(unitOfWork));
    active = aRootKeyBinding(id, { rootKeyId: 'crk-2' });
    former = aRootKeyBinding(id, { status: 'retiring' });
    await unitOfWork.forTenant(id, async ({ bindings }) => {
      await bindings.insert(active);
      await bindings.insert(former);
    });
  });

  const read = async ({ id: bindingId }: RootKeyBinding) =>
    (await unitOfWork.forTenant(id, ({ bindings }) => bindings.list())).find((each) => each.id === bindingId);

  it('writes nothing of a root key that no key has to leave', async () => {
    await moves.note(id, active.id, { toVersion: 'v1', state: 'done', moved: 0 }, BY);
    expect(await read(active)).toStrictEqual(active);
  });

  it('takes back what a process has written that was cut off before it could', async () => {
    await moves.note(id, active.id, { toVersion: 'v2', state: 'moving', moved: 3 }, BY);
    await moves.note(id, active.id, { toVersion: 'v2', state: 'done', moved: 0 }, BY);
    expect((await read(active))?.moves).toMatchObject({ state: 'done', moved: 3 });
  });

  it('counts from the start for another version, and after an end', async () => {
    await moves.note(id, active.id, { toVersion: 'v2', state: 'moving', moved: 3 }, BY);
    clock.advance(60_000);
    await moves.note(id, active.id, { toVersion: 'v3', state: 'moving', moved: 1 }, BY);
    expect((await read(active))?.moves).toMatchObject({ moved: 1, startedAt: clock.now() });
    await moves.note(id, active.id, { toVersion: 'v3', state: 'done', moved: 1 }, BY);
    await moves.note(id, active.id, { toVersion: 'v3', state: 'moving', moved: 4 }, BY);
    expect((await read(active))?.moves).toMatchObject({ moved: 4 });
  });

  it('begins once, and a hindrance stands until a key arrives', async () => {
    const begins = { toVersion: 'v2', state: 'moving', moved: 0, begins: true } as const;
    await moves.note(id, active.id, begins, BY);
    expect((await read(active))?.moves).toMatchObject({ toVersion: 'v2', state: 'moving', moved: 0 });
    expect((await read(active))?.moves).not.toHaveProperty('begins');
    const hindrance = { code: 'root_key_disabled', message: 'it is disabled', retryAt: clock.now() };
    await moves.note(id, active.id, { toVersion: 'v2', state: 'waiting', moved: 0, hindrance }, BY);
    await moves.note(id, active.id, begins, BY);
    expect((await read(active))?.moves).toMatchObject({ state: 'waiting', hindrance: { code: 'root_key_disabled' } });
    await moves.note(id, active.id, { toVersion: 'v2', state: 'moving', moved: 1 }, BY);
    expect((await read(active))?.moves).not.toHaveProperty('hindrance');
  });

  it('tells how many arrive in a minute, lately, and none while they wait', async () => {
    await moves.note(id, former.id, { state: 'moving', moved: 10 }, BY);
    clock.advance(30_000);
    await moves.note(id, former.id, { state: 'moving', moved: 50 }, BY);
    expect((await read(former))?.moves?.perMinute).toBe(100);
    clock.advance(30_000);
    await moves.note(id, former.id, { state: 'moving', moved: 100 }, BY);
    expect((await read(former))?.moves?.perMinute).toBeCloseTo(130);
    await moves.note(id, former.id, { state: 'waiting', moved: 0 }, BY);
    expect((await read(former))?.moves?.perMinute).toBe(0);
  });

  const hindered = async (binding: RootKeyBinding, code: string, rootKeyId?: string): Promise<void> => {
    const hindrance = { code, message: 'm', retryAt: clock.now(), ...(rootKeyId !== undefined && { rootKeyId }) };
    const version = binding === active ? { toVersion: 'v2' } : {};
    await moves.note(id, binding.id, { ...version, state: 'waiting', moved: 0, hindrance }, BY);
  };
  const attempts = async () => [(await read(active))?.moveAttempt, (await read(former))?.moveAttempt];

  it('tries again, after a check, what the root key that was checked was in the way of', async () => {
    await hindered(active, 'may_not_delete', 'crk-2');
    await hindered(former, 'permission_denied', 'crk-2');
    await moves.retryAfterCheck(id, { rootKeyId: 'crk-1', mayDelete: true }, BY);
    expect(await attempts()).toEqual([0, 0]);
    await moves.retryAfterCheck(id, { rootKeyId: 'crk-2', mayDelete: false }, BY);
    expect(await attempts()).toEqual([0, 1]);
    await moves.retryAfterCheck(id, { rootKeyId: 'crk-2', mayDelete: true }, BY);
    expect(await attempts()).toEqual([1, 2]);
    await moves.change(id, former.id, 'pause', BY);
    await hindered(active, 'keys_stay');
    await moves.retryAfterCheck(id, { rootKeyId: 'crk-2', mayDelete: true }, BY);
    expect(await attempts()).toEqual([2, 2]);
  });

  it('has a root key tested at once when its keys are tried again, since the test before was with another adapter', async () => {
    const lookDueAt = new Date(clock.now().getTime() + 60_000);
    await unitOfWork.forTenant(id, ({ bindings }) => bindings.update({ ...former, lookDueAt }));
    await moves.change(id, former.id, 'pause', BY);
    expect((await read(former))?.lookDueAt).toEqual(lookDueAt);
    await moves.change(id, former.id, 'retry', BY);
    expect(await read(former)).not.toHaveProperty('lookDueAt');
  });

  it('changes former root keys only', async () => {
    expect(await moves.change(id, active.id, 'retry', anActionContext())).toBeUndefined();
    expect(await read(active)).toStrictEqual(active);
    expect(await moves.change(id, former.id, 'pause', anActionContext())).toMatchObject({
      binding: { movesPausedAt: clock.now(), moveAttempt: 0 },
    });
  });
});
