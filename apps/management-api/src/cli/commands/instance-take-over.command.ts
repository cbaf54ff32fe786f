import { Inject, Injectable } from '@nestjs/common';

import { type AuditEvent } from '@lib/audit';
import { type InstanceId, toInstanceId } from '@lib/kernel';
import { TakeOver, type TakeOverReport } from '@lib/kmip-engine';
import { PostgresAuditTrail } from '@lib/persistence';
import { InstanceService, type RootKeyBinding, RootKeyBindingService, TenancyError } from '@lib/tenancy';
import { ProgressBar } from '@lib/terminal';

import { type Arguments, isSet, UsageError } from '../arguments';
import { type Command } from '../command';
import { demandedSecondPerson, endOf } from '../end-of-instance';
import { InstanceScopes } from '../instance-scopes';
import { instanceOf, operatorContext } from '../operator';

/**
 * Brings the keys of an instance that was removed, by mistake, into another one of the same account, to which the same
 * root key is bound. Prints what was taken over. Can be repeated.
 */
@Injectable()
export class InstanceTakeOver implements Command {
  constructor(
    @Inject(InstanceScopes) private readonly scopes: InstanceScopes,
    @Inject(InstanceService) private readonly instances: InstanceService,
    @Inject(RootKeyBindingService) private readonly rootKeys: RootKeyBindingService,
    @Inject(PostgresAuditTrail) private readonly trail: PostgresAuditTrail,
  ) {}

  async run(given: Arguments): Promise<TakeOverReport> {
    const [into, former] = [instanceOf(given), toInstanceId(given.get('from'))];
    const options = { dryRun: isSet(given, 'dry-run'), take: (given.find('take') ?? '').split(',').filter(Boolean) };
    const end = await this.#requireProof(into, former);
    const scope = await this.scopes.of(into);
    if (scope === undefined) throw new UsageError('no root key is set for the instance: set the one of before');
    // Before the first key is there to be destroyed.
    if (!options.dryRun) await this.#demandAsBefore(into, end);
    const bar = new ProgressBar(process.stderr, () => performance.now());
    const progress = (done: number, total: number): void => bar.show(done, total);
    const report = await new TakeOver(this.scopes.background).run(scope, former, { ...options, progress });
    bar.end();
    if (report.stoppedBy !== undefined || report.notTaken.length > 0) process.exitCode = 1;
    return report;
  }

  async #demandAsBefore(into: InstanceId, end: AuditEvent): Promise<void> {
    if (!demandedSecondPerson(end) || (await this.instances.get(into)).secondPersonToDestroy) return;
    await this.instances.setOptions(into, { secondPersonToDestroy: true }, operatorContext());
  }

  /**
   * That the former one is gone, and was this account's, is in its audit trail, which outlives it. That the root key is
   * the same shows there too, and again with each key: it unwraps.
   */
  async #requireProof(into: InstanceId, former: InstanceId): Promise<AuditEvent> {
    const instance = await this.instances.get(into);
    if (await this.#exists(former)) {
      throw new UsageError(`instance ${former} is there: keys are taken over from one that was removed`);
    }
    const end = await endOf(this.trail, former);
    if (end === undefined) throw new UsageError(`no audit trail here says that instance ${former} was removed`);
    const binding = boundBefore(end.details, await this.rootKeys.list(into));
    if (binding === undefined) {
      throw new UsageError(
        `the root key of instance ${former} is not bound to instance ${into}: set it with root-key set`,
      );
    }
    if (accountOf(end.details, binding) === instance.accountId) return end;
    throw new UsageError(`instance ${former} was of another account than instance ${into}`);
  }

  async #exists(id: InstanceId): Promise<boolean> {
    try {
      await this.instances.get(id);
      return true;
    } catch (error) {
      if (error instanceof TenancyError && error.code === 'instance_not_found') return false;
      throw error;
    }
  }
}

type Details = AuditEvent['details'];

/** The operator's removal records root keys, the platform's the key managers alone. */
function boundBefore(details: Details, bindings: readonly RootKeyBinding[]): RootKeyBinding | undefined {
  const words = (name: string): readonly string[] => String(details?.[name] ?? '').split(' ');
  const [rootKeys, keyManagers] = [words('rootKeys'), words('keyManagers')];
  return bindings.find(
    ({ keyManagerCrn, rootKeyId }) =>
      keyManagers.includes(keyManagerCrn) ||
      rootKeys.some((crn, index) => crn === keyManagerCrn && rootKeys[index + 1] === rootKeyId),
  );
}

/** Records of releases before do not name it; then it is the one of the key manager, as far as that says. */
const accountOf = (details: Details, { keyManagerCrn }: RootKeyBinding): string =>
  String(details?.['account'] ?? /:a\/([^:]+):/.exec(keyManagerCrn)?.[1] ?? '');
