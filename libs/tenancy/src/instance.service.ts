import { type AuditAction, type AuditEvent } from '@lib/audit';
import { type Clock, counted, type InstanceId } from '@lib/kernel';

import { type ActionContext, successEvent } from './action-context';
import { type Loss, requireConfirmation } from './confirmation';
import { instanceIdOf, parseInstanceCrn } from './crn';
import { checkRevision, lockedInstance, missingInstance } from './guards';
import { insertInstanceWithinQuota } from './instance-quota';
import {
  DEFAULT_OPTIONS,
  type Instance,
  type InstanceOptions,
  enablementDetails,
  secondPersonRecorded,
  withEnabled,
  withOptions,
} from './instance';
import { checkedName } from './names';
import { omit } from './omit';
import { type InstancePage, type RegionDirectory, type TenantScope, type UnitOfWork } from './ports';
import { TenancyError } from './tenancy.error';

export interface NewInstance {
  readonly crn: string;
  readonly name: string;
  readonly maximumKeys?: number;
  /** From its first moment on, since one that had its keys did. */
  readonly secondPersonToDestroy?: boolean;
}

/** A guard against a client that runs wild, not a price list: no known tenant comes near it. */
const DEFAULT_MAXIMUM_KEYS = 1_000_000;
const ERASE_BATCH = 1_000;

type Details = NonNullable<AuditEvent['details']>;

const lossOfInstance = ({ name }: Instance, keys: number): Loss | undefined =>
  keys === 0
    ? undefined
    : {
        name,
        stops: `${counted(keys, 'key')} of the instance would leave the catalog, and what they encrypt could not be read any more`,
      };

/** Birth, settings and end of KMIP instances. Every change writes its audit record and tells all processes. */
export class InstanceService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly directory: Pick<RegionDirectory, 'wholeInstances'>,
    private readonly clock: Clock,
    private readonly limits: { readonly maximumPerAccount?: number } = {},
  ) {}

  /** @throws TenancyError `invalid_crn`, `invalid_name`, `instance_exists`, `instance_quota_exceeded` */
  async create(request: NewInstance, context: ActionContext): Promise<Instance> {
    const crn = parseInstanceCrn(request.crn);
    const now = this.clock.now();
    const demanded = request.secondPersonToDestroy && { secondPersonToDestroy: true };
    const instance: Instance = {
      id: instanceIdOf(crn),
      crn: crn.text,
      name: checkedName(request.name),
      accountId: crn.accountId,
      region: crn.region,
      state: 'inactive',
      enabled: true,
      maximumKeys: request.maximumKeys ?? DEFAULT_MAXIMUM_KEYS,
      ...DEFAULT_OPTIONS,
      ...demanded,
      createdAt: now,
      updatedAt: now,
      revision: 1,
    };
    return this.unitOfWork.forTenant(instance.id, async (scope) => {
      await insertInstanceWithinQuota(scope, instance, this.limits.maximumPerAccount);
      this.finish(scope, instance, 'vmware-solutions.instance.create', context, { ...demanded });
      return instance;
    });
  }

  /** @throws TenancyError('instance_not_found') */
  async get(id: InstanceId): Promise<Instance> {
    return this.unitOfWork.forTenant(id, async (scope) => (await scope.instance.get()) ?? missingInstance());
  }

  list(page: InstancePage): Promise<readonly Instance[]> {
    return this.directory.wholeInstances(page);
  }

  async rename(id: InstanceId, name: string, context: ActionContext, revision?: number): Promise<Instance> {
    const checked = checkedName(name);
    const changed = (current: Instance): Instance => ({ ...current, name: checked });
    return this.change(id, 'vmware-solutions.instance.update', context, { revision, changed });
  }

  /** Disabling never deletes anything: it is also how a deletion that can be taken back begins. */
  async setEnabled(
    id: InstanceId,
    enabled: boolean,
    reason: string | undefined,
    context: ActionContext,
  ): Promise<Instance> {
    const action = enabled ? 'vmware-solutions.instance.enable' : 'vmware-solutions.instance.disable';
    return this.unitOfWork.forTenant(id, async (scope) => {
      const current = omit(await lockedInstance(scope), 'disabledReason');
      const changed = {
        ...withEnabled(current, enabled, this.clock.now()),
        ...(enabled || reason === undefined ? {} : { disabledReason: reason }),
      };
      return this.save(scope, changed, action, context, enablementDetails(changed, reason));
    });
  }

  /** The operator ends what was held since the catalog was restored from a backup. Changes nothing else. */
  async recordRelease(
    id: InstanceId,
    context: ActionContext,
    details: Readonly<Record<string, string>> = { restore: 'released' },
  ): Promise<void> {
    await this.unitOfWork.forTenant(id, async (scope) => {
      await lockedInstance(scope);
      const facts = { target: { kind: 'instance', id }, details } as const;
      scope.record(successEvent(context, this.clock, id, 'vmware-solutions.instance.update', facts));
    });
  }

  /** Every process looks anew at what it knows of the instance. */
  async announce(id: InstanceId): Promise<void> {
    await this.unitOfWork.forTenant(id, (scope) => {
      scope.invalidate();
      return Promise.resolve();
    });
  }

  async setOptions(
    id: InstanceId,
    changes: Partial<InstanceOptions>,
    context: ActionContext,
    revision?: number,
  ): Promise<Instance> {
    const changed = (current: Instance): Instance => withOptions(current, changes, this.clock.now());
    const details = ({ secondPersonUntil: until }: Instance): Details => ({
      ...changes,
      ...(changes.secondPersonToDestroy === false && until && { secondPersonUntil: until.toISOString() }),
    });
    return this.change(id, 'vmware-solutions.instance.update', context, { revision, changed, details });
  }

  /**
   * Ends an instance: nobody gets in from the first moment on, then all that is ours is erased. The wrapped keys in the
   * tenant's key manager stay, and so does the audit chain. Can be repeated when it was interrupted.
   *
   * With live keys it must have been disabled before, which stops its clients as well and can be undone, and the name
   * must be given.
   * @param confirm name of the instance
   * @throws TenancyError `instance_in_use`, `confirmation_needed`
   */
  async remove(id: InstanceId, context: ActionContext, confirm?: string): Promise<void> {
    await this.beginRemoval(id, context, confirm);
    while ((await this.unitOfWork.forTenant(id, (scope) => scope.keys.erase(ERASE_BATCH))) === ERASE_BATCH);
    await this.unitOfWork.forTenant(id, async (scope) => {
      const instance = await lockedInstance(scope);
      const [fingerprints, bindings] = [await scope.certificates.fingerprints(), await scope.bindings.list()];
      await scope.keys.erase(ERASE_BATCH);
      await scope.certificates.removeAll();
      await scope.bindings.removeAll();
      await scope.credentials.remove();
      await scope.instance.remove();
      this.finish(scope, instance, 'vmware-solutions.instance.delete', context, {
        account: instance.accountId,
        certificates: [...fingerprints].sort().join(' '),
        rootKeys: bindings.map(({ keyManagerCrn, rootKeyId }) => `${keyManagerCrn} ${rootKeyId}`).join(' '),
        ...secondPersonRecorded(instance, this.clock.now()),
      });
    });
  }

  /** In one transaction, so that no key comes between the count and the end of its service. */
  private async beginRemoval(id: InstanceId, context: ActionContext, confirm: string | undefined): Promise<void> {
    await this.unitOfWork.forTenant(id, async (scope) => {
      const current = await lockedInstance(scope);
      if (current.state === 'removing') return;
      const keys = await scope.keys.countLive();
      requireConfirmation(lossOfInstance(current, keys), confirm);
      if (keys > 0 && current.enabled) {
        throw new TenancyError(
          'instance_in_use',
          `${counted(keys, 'key')} of the instance can be fetched: disable it first, which can be undone. Nothing was changed.`,
        );
      }
      const details = { state: 'removing', liveKeys: keys };
      await this.save(scope, { ...current, state: 'removing' }, 'vmware-solutions.instance.update', context, details);
    });
  }

  private change(
    id: InstanceId,
    action: AuditAction,
    context: ActionContext,
    options: {
      readonly revision?: number | undefined;
      readonly changed: (current: Instance) => Instance;
      readonly details?: (changed: Instance) => Details;
    },
  ): Promise<Instance> {
    return this.unitOfWork.forTenant(id, async (scope) => {
      const current = await lockedInstance(scope);
      checkRevision(current, options.revision);
      const changed = options.changed(current);
      return this.save(scope, changed, action, context, options.details?.(changed) ?? {});
    });
  }

  private async save(
    scope: TenantScope,
    changed: Instance,
    action: AuditAction,
    context: ActionContext,
    details: Details,
  ): Promise<Instance> {
    const saved = { ...changed, updatedAt: this.clock.now(), revision: changed.revision + 1 };
    await scope.instance.update(saved);
    this.finish(scope, saved, action, context, details);
    return saved;
  }

  private finish(
    scope: TenantScope,
    { id, name }: Instance,
    action: AuditAction,
    context: ActionContext,
    details: Details,
  ): void {
    const facts = { target: { kind: 'instance', id, name }, details } as const;
    scope.record(successEvent(context, this.clock, id, action, facts));
    scope.invalidate();
  }
}
