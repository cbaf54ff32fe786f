import { join } from 'node:path';

import { type ConnectionFile } from './connection-file';

/** What a VMware administrator does next. */
export function greeting(
  { kmip, management, console, localCloud }: ConnectionFile,
  dataFolder: string,
  withVcenter: boolean,
): string {
  const [first, second] = kmip.ports;
  return `
KMIP for VMware is ready.

In vCenter: Configure > Security > Key Providers > Add > Standard Key Provider
  name           any, e.g. kmip-demo
  KMS 1          address ${kmip.host}  port ${first ?? ''}
  KMS 2          address ${kmip.host}  port ${second ?? ''}
  Trust KMS      compare the fingerprint, then press Trust
                 SHA-1   ${kmip.serverFingerprints.sha1}
                 SHA-256 ${kmip.serverFingerprints.sha256}
  Establish Trust > Make KMS trust vCenter > vCenter Certificate: copy it into a file, then
                 npx kmip4v certificate add vcenter --file FILE
                 Both endpoints honour it within a second, and the provider turns to "Connected".

Without a vCenter at hand, in another terminal:
${withVcenter ? STAND_IN : '  start without LOCAL_VCENTER=off, which brings a stand-in along'}

Web console      ${console.url}   (sign in as one of the demo users)
Management API   ${management.url}
Local cloud      ${localCloud.url}   (stands in for IBM Cloud)
Data and logs    ${dataFolder}
For scripts      ${join(dataFolder, 'connection.json')}

Ctrl-C stops everything; the keys are still there after the next start.
`;
}

/** It is started when everything else serves, a moment after this is printed: both commands wait for it. */
const STAND_IN = `  npx kmip4v vcenter connect   1. connects the stand-in vCenter that runs here too
                               (10 machines; address and password are in connection.json)
  npm run demo                 does it, encrypts, reboots, rotates, and shreds one VM
`;
