import { randomBytes, randomUUID } from 'node:crypto';

import { type InstanceId, Secret } from '@lib/kernel';
import {
  aManagedObject,
  anActionContext,
  InMemoryRegion,
  InMemoryUnitOfWork,
  ManualClock,
  putInstance,
  putObject,
} from '@lib/testing';

import { KmipPasswords, kmipUserNameOf } from './kmip-credential';
import { KmipCredentialService } from './kmip-credential.service';

const context = anActionContext();

describe('KmipCredentialService', () => {
  const clock = new ManualClock();
  const passwords = new KmipPasswords({ newest: 1, keys: new Map([[1, Secret.of(randomBytes(32))]]) });
  let region: InMemoryRegion;
  let unitOfWork: InMemoryUnitOfWork;
  let credentials: KmipCredentialService;
  let id: InstanceId;
  beforeEach(async () => {
    region = new InMemoryRegion(clock);
    unitOfWork = new InMemoryUnitOfWork(region);
    credentials = new KmipCredentialService(unitOfWork, passwords, clock, randomUUID);
    ({ id } = await putInstance(unitOfWork, { name: 'kmip-01' }));
  });
  const issue = () => {
    clock.advance(1_000);
    return credentials.issue(id, context);
  };

  it('shows a password once, and keeps what judges it', async () => {
    const { password, ...shown } = await issue();
    const [stored] = await unitOfWork.forTenant(id, (scope) => scope.kmipCredentials.list());
    expect(passwords.matches(stored!, password.exposeText())).toBe(true);
    expect(shown).toEqual({ id: stored?.id, userName: kmipUserNameOf(id), createdAt: clock.now() });
    expect(await credentials.list(id)).toEqual([shown]);
    expect(await credentials.get(id, shown.id)).toEqual(shown);
    expect(JSON.stringify(region.recorded(id))).not.toContain(password.exposeText());
  });

  it('issues two at most, so that one can be replaced', async () => {
    const issued = await Promise.allSettled([issue(), issue(), issue()]);
    expect(issued).toMatchObject([
      { status: 'fulfilled' },
      { status: 'fulfilled' },
      { reason: { code: 'kmip_credential_quota_exceeded' } },
    ]);
    const [oldest] = await credentials.list(id);
    await credentials.remove(id, oldest!.id, context);
    await issue();
    expect((await credentials.list(id)).map((each) => each.id)).not.toContain(oldest?.id);
  });

  it('wipes a password that could not be kept', async () => {
    const make = jest.spyOn(passwords, 'make');
    region.failNextCommit(new Error('disk full'));
    await expect(issue()).rejects.toThrow('disk full');
    const made = make.mock.results[0]?.value as ReturnType<KmipPasswords['make']>;
    expect(() => made.password.expose()).toThrow('wiped');
    make.mockRestore();
  });

  it('with live keys, deletes one for who names the instance', async () => {
    const { id: credentialId } = await issue();
    await putObject(region.storeOf(id), id, aManagedObject());
    const refused = credentials.remove(id, credentialId, context);
    await expect(refused).rejects.toMatchObject({ code: 'confirmation_needed' });
    await credentials.remove(id, credentialId, context, 'kmip-01');
    expect(await credentials.list(id)).toEqual([]);
    expect(region.recorded(id).map(({ action }) => action)).toEqual([
      'vmware-solutions.kmip-credential.create',
      'vmware-solutions.kmip-credential.delete',
    ]);
  });

  it('knows none that it did not issue', async () => {
    await expect(credentials.get(id, randomUUID())).rejects.toMatchObject({ code: 'kmip_credential_not_found' });
    const removed = credentials.remove(id, randomUUID(), context);
    await expect(removed).rejects.toMatchObject({ code: 'kmip_credential_not_found' });
  });
});
