import {
  cryptoKeyId,
  KEY_STATUS_BITS,
  KeyProviders,
  type ManagedObjectReference,
  reference,
  retrieveAll,
  taskResult,
  type ViSession,
} from '@lib/vi-json';

import { firstOf, sha256Of } from '../certificates';
import { registrationName } from '../connect/client-certificate-steps';
import { MACHINE_PROPERTIES, machineReferences } from '../inventory/machines';
import { type KmipService } from '../kmip-service';

export interface LockedMachine {
  readonly object: ManagedObjectReference;
  readonly name: string;
  readonly findings: readonly Finding[];
}

/** Why a key cannot be had, and what would mend it where we can. */
export interface Finding {
  readonly keyId: string;
  readonly provider: string;
  readonly cause: string;
  readonly mend?: { readonly what: string; readonly apply: () => Promise<void> };
}

interface Where {
  /** Names or identifiers; all where there are none. */
  readonly only: readonly string[];
  /** Told what cannot be looked at, and why. */
  readonly unexamined: (what: string, why: string) => void;
}

/** Machines that are locked, with why. */
export async function findLocked(
  session: ViSession,
  service: KmipService,
  { only, unexamined }: Where,
): Promise<readonly LockedMachine[]> {
  const locked: LockedMachine[] = [];
  for (const machine of await retrieveAll(session, { VirtualMachine: MACHINE_PROPERTIES })) {
    const { name } = machine;
    if (only.length > 0 && !only.includes(name) && !only.includes(machine.ref.value)) continue;
    const [denied] = machine.missing.values();
    if (denied !== undefined) {
      unexamined(`VM ${name}`, denied.message);
      continue;
    }
    const isLocked =
      machine.get<string>('runtime.cryptoState') === 'locked' ||
      machine.get<string>('runtime.connectionState') === 'invalid';
    if (!isLocked) continue;
    const keys = new Map(machineReferences(machine, name).map((each) => [`${each.provider}/${each.keyId}`, each]));
    const findings: Finding[] = [];
    for (const { keyId, provider } of keys.values()) {
      findings.push(...(await findingsOf(session, service, keyId, provider ?? '')));
    }
    if (keys.size === 0) {
      const cause =
        'vCenter cannot read its configuration, so its key is not known here. If vCenter was rebuilt, connect the key provider under the name that it ' +
        'had: the name is in every encrypted VM (kmip4v vcenter connect --provider NAME).';
      findings.push({ keyId: '', provider: '', cause });
    }
    locked.push({ object: machine.ref, name, findings });
  }
  return locked;
}

async function findingsOf(
  session: ViSession,
  service: KmipService,
  keyId: string,
  provider: string,
): Promise<readonly Finding[]> {
  const providers = new KeyProviders(session);
  const [status] = await providers.keyStatus([cryptoKeyId(keyId, provider)], KEY_STATUS_BITS.available);
  if (status?.keyAvailable === true) return [];
  const at = { keyId, provider };
  const known = await providers.find(provider);
  if (known === undefined) {
    const cause =
      `vCenter has no key provider ${provider}. If it was rebuilt or the provider was renamed, connect it under the name that the VM has: ` +
      `kmip4v vcenter connect --provider ${provider}.`;
    return [{ ...at, cause }];
  }
  const ours = await keyFinding(service, keyId);
  const found = [await certificateFinding(providers, service, provider), ours].filter((each) => each !== undefined);
  if (found.length > 0) return found.map((each) => ({ ...at, ...each }));
  return [{ ...at, cause: `${status?.reason ?? 'no reason given'}. ${adviceFor(status?.reason)}` }];
}

type Cause = Omit<Finding, 'keyId' | 'provider'>;

async function certificateFinding(
  providers: KeyProviders,
  service: KmipService,
  provider: string,
): Promise<Cause | undefined> {
  const pem = await providers.clientCertificate(provider);
  if (pem === undefined) return undefined;
  const sha256 = sha256Of(pem);
  if ((await service.certificates()).some((each) => each.sha256 === sha256)) return undefined;
  return {
    cause: 'the service does not let the client certificate of vCenter in',
    mend: {
      what: `register the client certificate of the key provider ${provider}`,
      apply: async () => {
        await service.register(registrationName(provider), firstOf(pem));
      },
    },
  };
}

async function keyFinding(service: KmipService, keyId: string): Promise<Cause | undefined> {
  const key = await service.key(keyId);
  if (key === undefined) return undefined;
  if (key.suspended) {
    const mend = { what: `resume the key ${keyId}`, apply: () => service.resumeKey(keyId) };
    return { cause: 'the key is suspended in the service', mend };
  }
  if (key.state === 'deactivated') {
    const mend = { what: `make the key ${keyId} active again`, apply: () => service.reactivateKey(keyId) };
    return { cause: 'the key is deactivated in the service', mend };
  }
  if (key.servable) return undefined;
  return { cause: `the service cannot serve the key (${key.state}). ${key.obstacle ?? ''}`.trim() };
}

const ADVICE: Readonly<Record<string, string>> = {
  KeyStateMissingInKMS: 'The key server does not have it: was it destroyed, or is it in another instance?',
  KeyStateClusterInvalid: 'vCenter does not know its key provider.',
  KeyStateClusterUnreachable: 'vCenter cannot reach a server of its key provider: kmip4v vcenter status says more.',
  KeyStateNotActiveOrEnabled: 'The key server has it, and not as active.',
  KeyStateManagedByNKP: 'It is a key of a native key provider, which this service has nothing to do with.',
  KeyStateManagedByTrustAuthority: 'It is a key of a trusted key provider, which this service has nothing to do with.',
  NoPermissionToAccessKeyProvider: 'The user may not use the key provider.',
  WrappingKeyMissingInKMS: 'It is a wrapped key of vSphere 9.0, which this service does not serve.',
  WrappingKeyNotActiveOrEnabled: 'It is a wrapped key of vSphere 9.0, which this service does not serve.',
};

const adviceFor = (reason: string | undefined): string =>
  reason !== undefined && Object.hasOwn(ADVICE, reason) ? (ADVICE[reason] ?? '') : '';

/** Sends the keys to the host. @throws ViFault InvalidVmState when vCenter cannot */
export async function unlock(session: ViSession, { object }: Pick<LockedMachine, 'object'>): Promise<void> {
  const machine = reference('VirtualMachine', object.value);
  const task = await session.call(machine, 'VirtualMachine', 'CryptoUnlock_Task', undefined);
  await taskResult(session, task);
}
