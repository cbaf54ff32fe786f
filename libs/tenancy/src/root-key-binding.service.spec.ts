import { randomBytes, randomUUID } from 'node:crypto';

import { type InstanceId, Secret } from '@lib/kernel';
import { hpcs, keyProtect } from '@lib/key-protect';
import {
  aManagedObject,
  anActionContext,
  anIntent,
  aRootKeyBinding,
  InMemoryRegion,
  InMemoryUnitOfWork,
  ManualClock,
  putInstance,
  putObject,
} from '@lib/testing';

import { CredentialSealer } from './credential-sealer';
import { EndpointPolicy } from './endpoint-policy';
import { RootKeyBindingService } from './root-key-binding.service';

const { keyManagerCrn } = aRootKeyBinding('' as InstanceId);
const NAME = 'kmip-01';
const context = anActionContext();
const [firstKey, secondKey] = [randomBytes(32), randomBytes(32)];

describe('RootKeyBindingService', () => {
  const clock = new ManualClock();
  let region: InMemoryRegion;
  let unitOfWork: InMemoryUnitOfWork;
  let rootKeys: RootKeyBindingService;
  let id: InstanceId;

  const serviceWith = (newest: number, ...keys: readonly (readonly [number, Buffer])[]): RootKeyBindingService => {
    const held = new Map(keys.map(([version, key]) => [version, Secret.of(Buffer.from(key))]));
    const sealer = new CredentialSealer({ newest, keys: held });
    return new RootKeyBindingService(unitOfWork, sealer, new EndpointPolicy({ keyProtect, hpcs }), clock, randomUUID);
  };

  beforeEach(async () => {
    region = new InMemoryRegion(clock);
    unitOfWork = new InMemoryUnitOfWork(region);
    rootKeys = serviceWith(1, [1, firstKey]);
    ({ id } = await putInstance(unitOfWork, { name: NAME }));
  });

  const setKey = (text: string) => rootKeys.setCredential(id, { apiKey: Secret.fromText(text) }, context);
  const bind = (rootKeyId = 'crk-1', revision?: number) => {
    clock.advance(1_000);
    return rootKeys.set(id, { keyManagerCrn, rootKeyId }, context, { revision });
  };
  const state = async () => (await unitOfWork.forTenant(id, ({ instance }) => instance.get()))?.state;
  const putKey = () => {
    const custody = { storedKeyId: 's', rootKeyId: 'crk-1', rootKeyVersion: '1' };
    return putObject(region.storeOf(id), id, aManagedObject({ custody }));
  };
  const lastDetails = () => region.recorded(id).at(-1)?.details;
  const bound = async () => {
    const { active, retiring } = await rootKeys.access(id);
    return [active.rootKeyId, ...retiring.map(({ rootKeyId }) => rootKeyId)];
  };

  it('takes an instance from step to step, and back', async () => {
    await setKey('k');
    expect(await state()).toBe('configuring');
    expect(await bind()).toMatchObject({
      endpointUrl: 'https://eu-de.kms.cloud.ibm.com',
      status: 'active',
      revision: 1,
    });
    expect(await state()).toBe('installed');
    const access = await rootKeys.access(id);
    expect([access.apiKey.exposeText(), access.active.rootKeyId]).toEqual(['k', 'crk-1']);
    await rootKeys.unset(id, context);
    expect(await state()).toBe('inactive');
    expect(region.recorded(id).map(({ action }) => action.replace('vmware-solutions.', ''))).toEqual([
      'credential.set',
      'root-key.set',
      'root-key.unset',
    ]);
    expect(region.notices).toHaveLength(3);
  });

  it.each(['installing', 'removing'] as const)('leaves %s to whoever makes or removes the instance', async (given) => {
    await unitOfWork.forTenant(id, async ({ instance }) => {
      await instance.update({ ...(await instance.get())!, state: given });
    });
    await setKey('k');
    await bind();
    expect(await state()).toBe(given);
  });

  it('binds no root key without an API key, and opens none that is not set', async () => {
    await expect(bind()).rejects.toMatchObject({ code: 'credential_not_set' });
    await expect(rootKeys.openApiKey(id)).rejects.toMatchObject({ code: 'credential_not_set' });
    await expect(rootKeys.access(id)).rejects.toMatchObject({ code: 'root_key_not_set' });
    await expect(rootKeys.unset(id, context)).rejects.toMatchObject({ code: 'root_key_not_set' });
  });

  it('shows an API key to nobody who asks for what is set', async () => {
    await rootKeys.setCredential(id, { apiKey: Secret.fromText('k'), serviceIdIamId: 'iam-1' }, context);
    const shown = await rootKeys.getCredential(id);
    expect(Object.keys(shown).sort()).toEqual(['createdAt', 'id', 'instanceId', 'revision', 'serviceIdIamId']);
    expect(JSON.stringify(region.recorded(id))).not.toContain('"k"');
  });

  it('changes what the caller has seen, and nothing that changed meanwhile', async () => {
    await setKey('k');
    await bind();
    await bind('crk-2');
    const late = { code: 'revision_mismatch' };
    await expect(bind('crk-3', 1)).rejects.toMatchObject(late);
    await expect(rootKeys.unset(id, context, 1)).rejects.toMatchObject(late);
    await expect(rootKeys.unsetCredential(id, context, { revision: 2 })).rejects.toMatchObject(late);
    await bind('crk-3', 2);
    expect(await bound()).toEqual(['crk-3', 'crk-2', 'crk-1']);
  });

  it('replaces API key and root key together or not at all', async () => {
    await setKey('k');
    await bind();
    const setBoth = (crn: string) =>
      rootKeys.set(id, { keyManagerCrn: crn, rootKeyId: 'crk-2' }, context, {
        credential: { apiKey: Secret.fromText('new'), reaches: new Set() },
      });
    await expect(setBoth(`${keyManagerCrn}x`)).rejects.toMatchObject({ code: 'invalid_crn' });
    region.failNextCommit(new Error('disk full'));
    await expect(setBoth(keyManagerCrn)).rejects.toThrow('disk full');
    const kept = await rootKeys.access(id);
    expect([kept.apiKey.exposeText(), kept.active.rootKeyId]).toEqual(['k', 'crk-1']);
    await setBoth(keyManagerCrn);
    const both = await rootKeys.access(id);
    expect([both.apiKey.exposeText(), both.active.rootKeyId]).toEqual(['new', 'crk-2']);
  });

  it('notes what a probe found, without a record, until all is well', async () => {
    await setKey('k');
    const { id: bindingId } = await bind();
    const records = region.recorded(id).length;
    await rootKeys.noteProbe(id, bindingId, 'disabled');
    expect((await rootKeys.list(id))[0]).toMatchObject({
      statusDetail: 'disabled',
      checkedAt: clock.now(),
      revision: 1,
    });
    await rootKeys.noteProbe(id, bindingId, undefined);
    expect((await rootKeys.list(id))[0]).not.toHaveProperty('statusDetail');
    await rootKeys.noteProbe(id, 'gone', 'disabled');
    expect(region.recorded(id)).toHaveLength(records);
  });

  it('moves a credential to the newest service key, once', async () => {
    await setKey('k');
    await bind();
    const rotated = serviceWith(2, [1, firstKey], [2, secondKey]);
    expect([await rotated.reseal(id), await rotated.reseal(id)]).toEqual([true, false]);
    expect((await serviceWith(2, [2, secondKey]).access(id)).apiKey.exposeText()).toBe('k');
    await expect(rootKeys.openApiKey(id)).rejects.toMatchObject({ code: 'credential_unreadable' });
  });

  describe('with live keys', () => {
    beforeEach(async () => {
      await setKey('k');
      await bind();
      await putKey();
    });

    it('unbinds no root key', async () => {
      await expect(rootKeys.unset(id, context)).rejects.toMatchObject({ code: 'keys_exist' });
    });

    it('erases the API key for who names the instance', async () => {
      const refused = rootKeys.unsetCredential(id, context);
      await expect(refused).rejects.toMatchObject({ code: 'confirmation_needed' });
      expect((await rootKeys.openApiKey(id)).exposeText()).toBe('k');
      await rootKeys.unsetCredential(id, context, { confirm: NAME });
      expect(lastDetails()).toEqual({ liveKeys: 1 });
      await expect(rootKeys.getCredential(id)).rejects.toMatchObject({ code: 'credential_not_set' });
    });

    it('takes an API key that does not reach them from who names the instance', async () => {
      const risk = { unreached: 'the root key answers 403' };
      const replace = (confirm?: string) =>
        rootKeys.setCredential(id, { apiKey: Secret.fromText('new') }, context, undefined, { ...risk, confirm });
      await expect(replace()).rejects.toThrow(
        /1 key of the instance cannot be fetched any more: the root key answers 403/,
      );
      await expect(rootKeys.judgeCredential(id, risk)).rejects.toMatchObject({ code: 'confirmation_needed' });
      expect((await rootKeys.openApiKey(id)).exposeText()).toBe('k');
      await rootKeys.judgeCredential(id, { ...risk, confirm: NAME });
      await replace(NAME);
      expect(lastDetails()).toEqual({ liveKeys: 1, unreached: 'the root key answers 403' });
    });
  });

  describe('a root key that comes with an API key', () => {
    const elsewhere = aRootKeyBinding('' as InstanceId).keyManagerCrn.replace(/a\/acc/, 'a/other');
    const LATER = new Date('2100-01-01');
    const move = async (reaches: readonly string[] = [], text = 'new') => {
      clock.advance(1_000);
      const credential = { apiKey: Secret.fromText(text), serviceIdIamId: 'iam-other', reaches: new Set(reaches) };
      return rootKeys.set(id, { keyManagerCrn: elsewhere, rootKeyId: 'crk-2' }, context, { credential });
    };
    const reached = async () =>
      Promise.all(
        (await rootKeys.list(id)).map(async (binding) => {
          const apiKey = await rootKeys.openApiKey(id, binding.id);
          return [binding.rootKeyId, apiKey.exposeText()];
        }),
      );
    const drop = () => rootKeys.dropRetired(id, { retiredBefore: LATER, creationsBefore: LATER }, context);
    const credentialEvents = () =>
      region
        .recorded(id)
        .filter(({ action }) => action.startsWith('vmware-solutions.credential.'))
        .map(({ action, target, details }) => [
          action.replace('vmware-solutions.credential.', ''),
          target?.id,
          details,
        ]);

    beforeEach(async () => {
      await setKey('old');
      await bind();
    });

    it('is reached with it, and the one of before with the former one', async () => {
      const before = await rootKeys.access(id);
      await move();
      expect(await reached()).toEqual([
        ['crk-2', 'new'],
        ['crk-1', 'old'],
      ]);
      const after = await rootKeys.access(id);
      const [former] = after.retiring;
      // Another row, another adapter: what was met with the one of before is forgotten.
      expect(after.credentialId).not.toBe(before.credentialId);
      expect(after.formerCredentialIds.get(former!.id)).not.toBe(before.credentialId);
      expect((await rootKeys.getCredential(id)).serviceIdIamId).toBe('iam-other');
      expect(credentialEvents().at(-1)).toEqual([
        'set',
        after.credentialId,
        { serviceIdIamId: 'iam-other', formerKeptFor: 'crk-1' },
      ]);
    });

    it('gives it to those of before that it serves', async () => {
      const [binding] = await rootKeys.list(id);
      await move([binding!.id]);
      expect(await reached()).toEqual([
        ['crk-2', 'new'],
        ['crk-1', 'new'],
      ]);
      expect(await rootKeys.formerCredentials(id)).toEqual(new Map());
    });

    it('is bound with it or not at all', async () => {
      region.failNextCommit(new Error('disk full'));
      await expect(move()).rejects.toThrow('disk full');
      expect(await reached()).toEqual([['crk-1', 'old']]);
      await expect(
        rootKeys.set(id, { keyManagerCrn: elsewhere, rootKeyId: 'crk-2' }, context, { revision: 9 }),
      ).rejects.toMatchObject({ code: 'revision_mismatch' });
    });

    it('lets go of the former one when no key lies there, with a record of which it was', async () => {
      const object = await putKey();
      await move();
      const [former] = (await rootKeys.formerCredentials(id)).values();
      expect(await drop()).toBe(0);
      expect((await rootKeys.formerCredentials(id)).size).toBe(1);
      region.storeOf(id).overwrite({ ...object, custody: { ...object.custody!, rootKeyId: 'crk-2' } });
      expect(await drop()).toBe(1);
      expect(await rootKeys.formerCredentials(id)).toEqual(new Map());
      expect(await reached()).toEqual([['crk-2', 'new']]);
      expect(credentialEvents().at(-1)).toEqual(['unset', former!.id, { formerRootKeyId: 'crk-1', keyManagerCrn }]);
    });

    it('can have either replaced while keys are on their way', async () => {
      await move();
      const [, former] = await rootKeys.list(id);
      await setKey('newer');
      expect(await reached()).toEqual([
        ['crk-2', 'newer'],
        ['crk-1', 'old'],
      ]);
      const request = { apiKey: Secret.fromText('older'), serviceIdIamId: 'iam-1' };
      const set = await rootKeys.setFormerCredential(id, former!.id, request, context);
      expect(await reached()).toEqual([
        ['crk-2', 'newer'],
        ['crk-1', 'older'],
      ]);
      const named = { serviceIdIamId: 'iam-1', formerRootKeyId: 'crk-1', keyManagerCrn };
      expect(credentialEvents().at(-1)).toEqual(['set', set!.id, named]);
      expect(await rootKeys.setFormerCredential(id, 'gone', request, context)).toBeUndefined();
    });

    it('asks before the API key of a former one is replaced by one that does not serve it', async () => {
      await putKey();
      await move();
      const [, former] = await rootKeys.list(id);
      const risk = { unreached: 'the root key answers 401' };
      const replace = (confirm?: string) =>
        rootKeys.setFormerCredential(id, former!.id, { apiKey: Secret.fromText('x') }, context, { ...risk, confirm });
      await expect(replace()).rejects.toMatchObject({ code: 'confirmation_needed' });
      expect(await reached()).toContainEqual(['crk-1', 'old']);
      await replace(NAME);
      expect(await reached()).toContainEqual(['crk-1', 'x']);
    });

    it('is taken back with the API key that was kept', async () => {
      await move();
      await bind('crk-1');
      expect(await reached()).toEqual([
        ['crk-1', 'old'],
        ['crk-2', 'new'],
      ]);
      expect(credentialEvents().at(-1)).toMatchObject([
        'set',
        expect.anything(),
        { broughtBack: true, formerKeptFor: 'crk-2' },
      ]);
      // And on again.
      await rootKeys.set(id, { keyManagerCrn: elsewhere, rootKeyId: 'crk-2' }, context);
      expect(await reached()).toEqual([
        ['crk-2', 'new'],
        ['crk-1', 'old'],
      ]);
      expect(await rootKeys.formerCredentials(id)).toHaveProperty('size', 1);
    });

    it('needs no API key to be there before', async () => {
      await rootKeys.unsetCredential(id, context);
      await move();
      expect(await reached()).toEqual([
        ['crk-2', 'new'],
        ['crk-1', 'new'],
      ]);
    });

    it('leaves none behind when the credential is unset', async () => {
      await move();
      await rootKeys.unsetCredential(id, context);
      expect(await rootKeys.formerCredentials(id)).toEqual(new Map());
      await expect(rootKeys.openApiKey(id, (await rootKeys.list(id))[1]!.id)).rejects.toMatchObject({
        code: 'credential_not_set',
      });
    });

    it('has all moved to the newest service key', async () => {
      await move();
      const rotated = serviceWith(2, [1, firstKey], [2, secondKey]);
      expect([await rotated.reseal(id), await rotated.reseal(id)]).toEqual([true, false]);
      rootKeys = serviceWith(2, [2, secondKey]);
      expect(await reached()).toEqual([
        ['crk-2', 'new'],
        ['crk-1', 'old'],
      ]);
    });

    it('has its root keys tested at once, since what was met with another API key counts no more', async () => {
      const tested = { lookDueAt: new Date(8e15), watchDueAt: new Date(8e15) };
      await unitOfWork.forTenant(id, async ({ bindings }) => {
        for (const binding of await bindings.list()) await bindings.update({ ...binding, ...tested });
      });
      await move();
      for (const binding of await rootKeys.list(id)) {
        expect(binding).not.toHaveProperty('lookDueAt');
        expect(binding).not.toHaveProperty('watchDueAt');
      }
    });
  });

  describe('a replaced root key', () => {
    const LATER = new Date('2100-01-01');
    const drop = (changes: Partial<Parameters<RootKeyBindingService['dropRetired']>[1]> = {}) =>
      rootKeys.dropRetired(id, { retiredBefore: LATER, creationsBefore: LATER, ...changes }, context);

    beforeEach(async () => {
      await setKey('k');
      await bind();
      await bind('crk-2');
    });

    it('is kept as long as keys lie under it', async () => {
      const object = await putKey();
      expect(await drop()).toBe(0);
      expect(await bound()).toEqual(['crk-2', 'crk-1']);
      region.storeOf(id).overwrite({ ...object, custody: { ...object.custody!, rootKeyId: 'crk-2' } });
      expect([await drop(), await drop()]).toEqual([1, 0]);
      expect(await bound()).toEqual(['crk-2']);
    });

    it('is kept while a gateway may not have heard of the change', async () => {
      expect(await drop({ retiredBefore: clock.now() })).toBe(0);
      expect(await drop({ retiredBefore: new Date(clock.now().getTime() + 1) })).toBe(1);
    });

    it('is kept while a Create is open that a gateway may have begun under it', async () => {
      const intent = anIntent(aManagedObject(), clock.now());
      await region.storeOf(id).openIntent(intent, 10);
      expect(await drop()).toBe(0);
      expect(await drop({ creationsBefore: clock.now() })).toBe(1);
    });

    it('is the one that is bound again, and no second binding to it, when the change is taken back', async () => {
      const [, retiring] = await rootKeys.list(id);
      const back = await bind();
      expect(back).toMatchObject({ id: retiring?.id, revision: 3 });
      expect(await bound()).toEqual(['crk-1', 'crk-2']);
      await rootKeys.set(id, { keyManagerCrn, rootKeyId: 'crk-1', keyRingId: 'ring' }, context);
      expect(await bound()).toEqual(['crk-1', 'crk-2']);
    });
  });
});
