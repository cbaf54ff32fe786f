import type { CryptoKeyId, KeyProviderId } from './crypto';
import type { DataObject } from './values';

/** E:4259; absent where it is not supported. */
export type HostCryptoState = 'incapable' | 'prepared' | 'safe' | 'pendingIncapable';

/** T:45014. `cryptoKeyId` is the host key: core dumps are encrypted with it. */
export interface HostRuntimeInfo extends DataObject<'HostRuntimeInfo'> {
  readonly connectionState: 'connected' | 'disconnected' | 'notResponding';
  readonly powerState?: string;
  readonly cryptoState?: HostCryptoState;
  readonly cryptoKeyId?: CryptoKeyId;
}

/** `summary.config.product` of a host. */
export interface HostProductInfo extends DataObject<'AboutInfo'> {
  readonly version: string;
  readonly build: string;
  readonly fullName?: string;
}

/** T:11833, 11855, 10968; policy since 8.0.3. */
export interface ClusterCryptoConfigInfo extends DataObject<'ClusterConfigInfoExCryptoConfig'> {
  readonly cryptoMode?: 'onDemand' | 'forceEnable';
  readonly policy?: DataObject & { readonly keyId?: CryptoKeyId; readonly providerId?: KeyProviderId };
}

/** What vSAN says of a cluster, as far as the tool reads it. Under `/vsan` of VI JSON from 9.0 on. */
export interface VsanConfigInfoEx extends DataObject<'VsanConfigInfoEx' | 'VimVsanConfigInfoEx'> {
  readonly dataEncryptionConfig?: VsanDataEncryptionConfig;
}

export interface VsanDataEncryptionConfig extends DataObject<'VsanDataEncryptionConfig'> {
  readonly encryptionEnabled: boolean;
  readonly kmsProviderId?: KeyProviderId;
  readonly kekId?: string;
  readonly hostKeyId?: string;
  readonly dekGenerationId?: number;
  readonly changing?: boolean;
}

export interface VimVsanReconfigSpec extends DataObject<'VimVsanReconfigSpec'> {
  readonly modify: boolean;
  readonly dataEncryptionConfig?: VsanDataEncryptionConfig;
}

/** A cluster as `configurationEx` shows it, the part that tells whether vSAN is on. */
export interface ClusterConfigInfoEx extends DataObject<'ClusterConfigInfoEx'> {
  readonly cryptoConfig?: ClusterCryptoConfigInfo;
  readonly vsanConfigInfo?: DataObject & { readonly enabled?: boolean };
}
