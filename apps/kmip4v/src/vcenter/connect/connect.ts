import { type KmipClusterInfo, type ViSession } from '@lib/vi-json';

import { type Step } from '../plan/steps';
import { demandPrivileges } from '../privileges';
import { Refusal } from '../refusal';
import { type ServedEndpoint, type ServedInstance } from '../kmip-service';
import { presentClientCertificate, registerClientCertificate } from './client-certificate-steps';
import { type ConnectWish, type ConnectWorld, serverAt } from './connect-world';
import { setCredential } from './credential-step';
import { nothingLeftOver } from './leftovers';
import { registerServer, trustServer } from './server-steps';
import { makeDefault, testKey, waitUntilConnected } from './use-steps';

/** From nothing to Connected, in the order in which it is done by hand. */
export function connectSteps(endpoints: readonly ServedEndpoint[], wish: ConnectWish): readonly Step<ConnectWorld>[] {
  return [
    ...endpoints.map(registerServer),
    ...endpoints.map(trustServer),
    registerClientCertificate,
    presentClientCertificate,
    ...(wish.credential ? [setCredential] : []),
    waitUntilConnected,
    testKey,
    ...(wish.makeDefault ? [makeDefault] : []),
    nothingLeftOver,
  ];
}

/**
 * What must hold before the first step, so that no step fails for it.
 * @throws Refusal
 */
export async function checkBeforeConnect(session: ViSession, instance: ServedInstance): Promise<void> {
  await demandPrivileges(session, 'connecting a key provider');
  if (instance.endpoints.length === 0)
    throw new Refusal(`The instance ${instance.name} has no endpoint yet: ${instance.state}.`);
  if (instance.hindrance !== undefined)
    throw new Refusal(`The instance ${instance.name} can make no keys yet. ${instance.hindrance}`);
}

/** @throws Error where a provider of this name is none that speaks KMIP, or makes wrapped keys */
export function demandStandardProvider(provider: KmipClusterInfo | undefined): void {
  const { managementType, defaultKeyType } = provider ?? {};
  const name = provider?.clusterId.id ?? '';
  if (managementType === 'nativeProvider' || managementType === 'trustAuthority') {
    throw new Refusal(
      `The key provider ${name} is no standard key provider (${managementType}). Choose another name with --provider.`,
    );
  }
  if (defaultKeyType === 'wrappedKey') {
    throw new Refusal(
      `The key provider ${name} makes wrapped keys, which vSphere 9.0 brought and this service does not serve: what vSphere asks a key server for ` +
        'is not published. Set its key type to raw keys, or choose another name with --provider.',
    );
  }
}

/**
 * The name of the provider where none is given: of the provider that already has one of our endpoints, else of the
 * instance. The name is in every encrypted VM, so a second one for the same keys would be wrong.
 */
export function providerNameFor(instance: ServedInstance, providers: readonly KmipClusterInfo[]): string {
  const known = providers.find((info) => instance.endpoints.some((endpoint) => serverAt(info, endpoint) !== undefined));
  return known?.clusterId.id ?? instance.name;
}
