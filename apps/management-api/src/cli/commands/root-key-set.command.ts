import { Inject, Injectable } from '@nestjs/common';

import { type Clock, isUuid, newCorrelationId, type Secret } from '@lib/kernel';
import { type EndpointVisibility } from '@lib/key-manager';
import { CLOCK, endpointGuard, endpointTemplates } from '@lib/platform';
import {
  EndpointPolicy,
  InstanceService,
  parseInstanceCrn,
  readApiKey,
  type RootKeyBinding,
  RootKeyBindingService,
} from '@lib/tenancy';

import { unfitApiKey } from '../../tenant-api/root-key/api-key-fitness';
import { type RootKeyCheck, RootKeyWorkbench } from '../../tenant-api/root-key/root-key-workbench';
import { accountOf } from '../../tenant-api/root-key/root-key-crn';
import { reachedRootKeys } from '../../tenant-api/root-key/unreached-root-keys';
import { ADMIN_CONFIG, type AdminConfig } from '../admin.config';
import { type Arguments, UsageError } from '../arguments';
import { type Command } from '../command';
import { instanceOf, operatorContext } from '../operator';
import { readText } from '../read-text';

/**
 * Sets API key and root key. Everything is read, then tried at the key manager, and only what works is written, both in
 * one transaction: a mistake in either leaves in force what was there.
 *
 * The API key comes from a file: on the command line it would be seen in the list of processes. Prints the
 * root key, and what the check warned of. `--dry-run true` prints the check, with what the move would cost, and sets nothing.
 */
@Injectable()
export class RootKeySet implements Command {
  constructor(
    @Inject(ADMIN_CONFIG) private readonly config: AdminConfig,
    @Inject(InstanceService) private readonly instances: InstanceService,
    @Inject(RootKeyBindingService) private readonly rootKeys: RootKeyBindingService,
    @Inject(EndpointPolicy) private readonly endpoints: EndpointPolicy,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async run(given: Arguments): Promise<RootKeyCheck | (RootKeyBinding & { readonly warnings: readonly string[] })> {
    const instanceId = instanceOf(given);
    const keyManagerCrn = parseInstanceCrn(given.get('key-manager')).text;
    const rootKeyId = given.get('root-key');
    if (!isUuid(rootKeyId)) throw new UsageError('--root-key is the id of a root key, a UUID');
    const visibility = visibilityOf(given);
    await this.instances.get(instanceId);
    const apiKey = readApiKey(await readText(given.get('api-key-file')));
    try {
      const workbench = this.#workbenchWith(apiKey);
      const { iamId, ...record } = await workbench.describeApiKey(apiKey);
      const unfit = unfitApiKey(record, accountOf(keyManagerCrn), this.clock.now(), 'key manager');
      if (unfit !== undefined) throw refused(unfit.message);
      const wish = { keyManagerCrn, rootKeyId, visibility };
      const check = await workbench.check(instanceId, wish, newCorrelationId());
      if (given.find('dry-run') === 'true') return check;
      if (!check.passed) throw refused(told(check, 'failed').join('; '));
      const keyRingId = given.find('key-ring') ?? check.keyRingId;
      const { discoveredEndpoint } = check;
      const binding = {
        ...wish,
        ...(keyRingId !== undefined && { keyRingId }),
        ...(discoveredEndpoint !== undefined && { discoveredEndpoint }),
      };
      // The wanted one was tried already.
      const others = (await this.rootKeys.list(instanceId)).filter(
        (each) => each.rootKeyId !== rootKeyId || each.keyManagerCrn !== keyManagerCrn,
      );
      const trial = { instanceId, correlationId: newCorrelationId(), apiKey };
      const reaches = await reachedRootKeys(workbench, others, trial);
      const credential = { apiKey, serviceIdIamId: iamId, reaches };
      const bound = await this.rootKeys.set(instanceId, binding, operatorContext(), { credential });
      await this.rootKeys.noteProbe(instanceId, bound.id, undefined);
      return { ...bound, warnings: told(check, 'warning') };
    } finally {
      apiKey.wipe();
    }
  }

  /** Acts with the API key that is to be set, not with the one that is stored. Each use gets a copy, which it wipes. */
  #workbenchWith(apiKey: Secret): RootKeyWorkbench {
    const { iamUrl, resourceControllerUrl } = this.config;
    return new RootKeyWorkbench({
      bindings: {
        openApiKey: () => Promise.resolve(apiKey.clone()),
        leaving: (...of) => this.rootKeys.leaving(...of),
      },
      endpoints: this.endpoints,
      account: { iamUrl, resourceControllerUrl },
      connection: { iamUrl, endpoints: endpointGuard(endpointTemplates(this.config)) },
      clock: this.clock,
    });
  }
}

function visibilityOf(given: Arguments): EndpointVisibility {
  const network = given.find('endpoint') ?? 'public';
  if (network !== 'public' && network !== 'private') throw new UsageError('--endpoint is public or private');
  return network;
}

const told = ({ steps }: RootKeyCheck, wanted: 'failed' | 'warning'): string[] =>
  steps
    .filter(({ result }) => result === wanted)
    .map(({ code, message, remedy = '' }) => `${code}: ${message} ${remedy}`.trim());

const refused = (why: string): UsageError => new UsageError(`nothing was changed: ${why}`);
