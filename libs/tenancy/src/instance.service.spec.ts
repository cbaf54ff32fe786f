import { type InstanceId } from '@lib/kernel';
import {
  aClientCertificate,
  aManagedObject,
  anActionContext,
  aRootKeyBinding,
  InMemoryRegion,
  InMemoryRegionDirectory,
  InMemoryUnitOfWork,
  instanceCrn,
  ManualClock,
  putObject,
} from '@lib/testing';

import { InstanceService } from './instance.service';

const MAXIMUM = 2;
const context = anActionContext();

describe('InstanceService', () => {
  const clock = new ManualClock();
  let region: InMemoryRegion;
  let unitOfWork: InMemoryUnitOfWork;
  let instances: InstanceService;
  beforeEach(() => {
    region = new InMemoryRegion(clock);
    unitOfWork = new InMemoryUnitOfWork(region);
    const limits = { maximumPerAccount: MAXIMUM };
    instances = new InstanceService(unitOfWork, new InMemoryRegionDirectory(region), clock, limits);
  });

  const create = (accountId = 'acc') => instances.create({ crn: instanceCrn(accountId), name: ' kmip-01 ' }, context);
  const actions = (id: InstanceId) =>
    region.recorded(id).map(({ action, details }) => ({ action: action.replace('vmware-solutions.', ''), details }));
  const putKeys = async (id: InstanceId, count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) await putObject(region.storeOf(id), id, aManagedObject());
  };

  it('makes an instance of its CRN, records it and tells all processes', async () => {
    const made = await create();
    expect(made).toMatchObject({ name: 'kmip-01', accountId: 'acc', region: 'eu-de', state: 'inactive', revision: 1 });
    expect(await instances.get(made.id)).toEqual(made);
    expect(await instances.list({ accountId: 'acc', limit: 10 })).toEqual([made]);
    expect(region.recorded(made.id)).toMatchObject([
      { action: 'vmware-solutions.instance.create', occurredAt: clock.now(), outcome: 'success', ...context },
    ]);
    expect(region.notices).toEqual([made.id]);
  });

  it.each([
    [{ crn: 'crn', name: 'x' }, 'invalid_crn'],
    [{ crn: instanceCrn('acc', 'no-guid'), name: 'x' }, 'invalid_crn'],
    [{ crn: instanceCrn('acc'), name: ' ' }, 'invalid_name'],
  ])('refuses %j', async (request, code) => {
    await expect(instances.create(request, context)).rejects.toMatchObject({ code });
  });

  it('allows an account so many, however many are made at once, and has room again after a removal', async () => {
    const made = await Promise.allSettled([create(), create(), create(), create('other')]);
    expect(made.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    await expect(create()).rejects.toMatchObject({ code: 'instance_quota_exceeded' });
    const [first] = await instances.list({ accountId: 'acc', limit: 1 });
    // Of one that is there it is said that it is there.
    const again = instances.create({ crn: first!.crn, name: 'again' }, context);
    await expect(again).rejects.toMatchObject({ code: 'instance_exists' });
    await instances.remove(first!.id, context);
    await create();
  });

  it('changes what the caller has seen, and nothing that changed meanwhile', async () => {
    const { id } = await create();
    const changes = await Promise.allSettled([
      instances.rename(id, 'a', context, 1),
      instances.setOptions(id, { credentialPolicy: 'enforce' }, context, 1),
    ]);
    expect(changes).toMatchObject([{ value: { name: 'a', revision: 2 } }, { reason: { code: 'revision_mismatch' } }]);
    const changed = await instances.setOptions(id, { credentialPolicy: 'enforce' }, context);
    expect(changed).toMatchObject({ name: 'a', credentialPolicy: 'enforce', revision: 3 });
    expect(actions(id).at(-1)).toEqual({ action: 'instance.update', details: { credentialPolicy: 'enforce' } });
  });

  it('says until when a second person is demanded, and at its end that one was', async () => {
    const { id } = await create();
    await instances.setOptions(id, { secondPersonToDestroy: true }, context);
    await instances.setOptions(id, { secondPersonToDestroy: false }, context);
    const secondPersonUntil = new Date(clock.now().getTime() + 86_400_000).toISOString();
    expect(actions(id).at(-1)?.details).toEqual({ secondPersonToDestroy: false, secondPersonUntil });
    await instances.remove(id, context);
    expect(actions(id).at(-1)?.details).toMatchObject({ secondPersonToDestroy: true });
  });

  it('keeps the reason of a disabling until it is enabled', async () => {
    const { id } = await create();
    await instances.setEnabled(id, false, 'IBMCLOUD_ACCT_SUSPEND', context);
    expect(await instances.get(id)).toMatchObject({ enabled: false, disabledReason: 'IBMCLOUD_ACCT_SUSPEND' });
    await instances.setEnabled(id, true, 'paid', context);
    expect(await instances.get(id)).not.toHaveProperty('disabledReason');
    expect(actions(id).slice(1)).toEqual([
      { action: 'instance.disable', details: { reason: 'IBMCLOUD_ACCT_SUSPEND' } },
      { action: 'instance.enable', details: { reason: 'paid' } },
    ]);
  });

  it('records the end of a hold, and changes nothing by that', async () => {
    const made = await create();
    await instances.recordRelease(made.id, context);
    expect(await instances.get(made.id)).toEqual(made);
    expect(actions(made.id).at(-1)?.details).toEqual({ restore: 'released' });
  });

  it.each<[string, (id: InstanceId) => Promise<unknown>]>([
    ['get', (id) => instances.get(id)],
    ['rename', (id) => instances.rename(id, 'x', context)],
    ['setEnabled', (id) => instances.setEnabled(id, false, undefined, context)],
    ['recordRelease', (id) => instances.recordRelease(id, context)],
    ['remove', (id) => instances.remove(id, context)],
  ])('%s needs an instance', async (_name, attempt) => {
    const { id } = await create();
    await instances.remove(id, context);
    const before = actions(id);
    await expect(attempt(id)).rejects.toMatchObject({ code: 'instance_not_found' });
    expect(actions(id)).toEqual(before);
  });

  describe('with live keys', () => {
    let id: InstanceId;
    beforeEach(async () => {
      ({ id } = await create());
      await putKeys(id, 5);
    });

    it.each([undefined, 'another', '5', 'true'])('removes nothing when %j is given for its name', async (confirm) => {
      const before = region.recorded(id);
      const refused = instances.remove(id, context, confirm);
      await expect(refused).rejects.toMatchObject({ code: 'confirmation_needed' });
      await expect(refused).rejects.toThrow(/5 keys of the instance would leave the catalog.*`kmip-01`/);
      expect(region.recorded(id)).toEqual(before);
    });

    it('removes nothing that is enabled, whoever names it', async () => {
      await expect(instances.remove(id, context, 'kmip-01')).rejects.toMatchObject({ code: 'instance_in_use' });
      expect(await instances.get(id)).toMatchObject({ state: 'inactive', enabled: true });
    });

    it('removes what was disabled and is named, and says what it was', async () => {
      const bindings = [aRootKeyBinding(id), aRootKeyBinding(id, { status: 'retiring', rootKeyId: 'crk-0' })];
      const certificates = [aClientCertificate(id), aClientCertificate(id)];
      await unitOfWork.forTenant(id, async (scope) => {
        for (const binding of bindings) await scope.bindings.insert(binding);
        for (const certificate of certificates) await scope.certificates.insert(certificate);
      });
      await instances.setEnabled(id, false, 'operator', context);
      await instances.remove(id, context, 'kmip-01');
      await expect(instances.get(id)).rejects.toMatchObject({ code: 'instance_not_found' });
      expect(region.storeOf(id).objects()).toEqual([]);
      expect(actions(id).slice(-2)).toEqual([
        { action: 'instance.update', details: { state: 'removing', liveKeys: 5 } },
        {
          action: 'instance.delete',
          details: {
            account: 'acc',
            certificates: certificates
              .map(({ fingerprint }) => fingerprint)
              .sort()
              .join(' '),
            rootKeys: bindings.map(({ keyManagerCrn, rootKeyId }) => `${keyManagerCrn} ${rootKeyId}`).join(' '),
          },
        },
      ]);
    });

    it('goes on with a removal that was interrupted, and asks for no name again', async () => {
      await instances.setEnabled(id, false, 'operator', context);
      const erase = jest.spyOn(region.storeOf(id), 'erase').mockImplementationOnce(() => {
        throw new Error('the process died');
      });
      await expect(instances.remove(id, context, 'kmip-01')).rejects.toThrow('the process died');
      erase.mockRestore();
      expect(await instances.get(id)).toMatchObject({ state: 'removing' });
      await instances.remove(id, context);
      await expect(instances.get(id)).rejects.toMatchObject({ code: 'instance_not_found' });
    });
  });
});
