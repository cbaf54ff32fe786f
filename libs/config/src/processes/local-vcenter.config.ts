import { type ConfigOf, defaulted, required } from '../setting';
import { host, path, port, secretText, wholeNumber } from '../setting-types';
import { loggingSettings } from './common-settings';

export const localVcenterConfig = {
  ...loggingSettings,
  localVcenterHost: defaulted('LOCAL_VCENTER_HOST', host, '127.0.0.1', {
    meaning: 'Address the stand-in vCenter listens on.',
    consequence: 'It protects nothing. Do not open it to a network.',
  }),
  localVcenterPort: defaulted('LOCAL_VCENTER_PORT', port, '8443', {
    meaning: 'HTTPS port of the stand-in vCenter.',
    consequence: 'A port that is taken stops the start with a message.',
  }),
  localVcenterData: defaulted('LOCAL_VCENTER_DATA', path, '.data/local-vcenter', {
    meaning: 'Folder where the stand-in vCenter keeps its inventory, key providers and certificates.',
    consequence: 'Deleted: it is a new vCenter, with another certificate and nothing encrypted.',
  }),
  localVcenterPassword: required('LOCAL_VCENTER_PASSWORD', secretText, {
    meaning: 'Password of administrator@vsphere.local.',
    consequence: 'Another one at the next start replaces it.',
  }),
  localVcenterMachines: defaulted('LOCAL_VCENTER_MACHINES', wholeNumber(0, 10_000), '10', {
    meaning: 'Virtual machines of a new inventory.',
    consequence: 'An inventory that is there stays as it is. With 0 none is made.',
  }),
} as const;

export type LocalVcenterConfig = ConfigOf<typeof localVcenterConfig>;
