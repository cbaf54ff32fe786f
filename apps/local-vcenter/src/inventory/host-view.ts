import { reference } from '@lib/vi-json';

import { type HostRow } from '../rows';
import { toCryptoKeyId } from '../vim/crypto-key-id';

export const hostRuntime = ({ connection, bootTime, cryptoState, hostKey }: HostRow): object => ({
  _typeName: 'HostRuntimeInfo',
  connectionState: connection,
  powerState: connection === 'connected' ? 'poweredOn' : 'unknown',
  inMaintenanceMode: false,
  bootTime,
  cryptoState,
  ...(hostKey && { cryptoKeyId: toCryptoKeyId(hostKey) }),
});

const HARDWARE = {
  vendor: 'Stand-in',
  model: 'Stand-in',
  memorySize: 549_755_813_888,
  cpuModel: 'Stand-in',
  cpuMhz: 2500,
  numCpuPkgs: 2,
  numCpuCores: 32,
  numCpuThreads: 64,
  numNics: 2,
  numHBAs: 2,
} as const;

export const hostSummary = (host: HostRow): object => ({
  _typeName: 'HostListSummary',
  host: reference('HostSystem', host.id),
  hardware: { ...HARDWARE, uuid: host.uuid },
  runtime: hostRuntime(host),
  config: {
    name: host.name,
    port: 443,
    product: {
      name: 'VMware ESXi',
      fullName: `VMware ESXi ${host.version} build-${host.build}`,
      vendor: 'VMware, Inc.',
      version: host.version,
      build: host.build,
      osType: 'vmnix-x86',
      productLineId: 'embeddedEsx',
      apiType: 'HostAgent',
      apiVersion: `${host.version}.0`,
    },
    vmotionEnabled: true,
    faultToleranceEnabled: false,
  },
  quickStats: {},
  rebootRequired: false,
  overallStatus: 'green',
});
