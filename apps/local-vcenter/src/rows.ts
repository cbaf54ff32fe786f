import { type RowStore } from '@lib/stand-in';
import { type ManagedObjectReference } from '@lib/vi-json';

/** A certificate with its private key, both PEM. The data folder is the user's alone (0600). */
export interface PairRow {
  readonly certificate: string;
  readonly privateKey: string;
}

/** KmipServerInfo as it was given, and what is never shown again. */
export interface ServerRow {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly proxyAddress?: string;
  readonly proxyPort?: number;
  readonly reconnect?: number;
  readonly protocol?: string;
  readonly nbio?: number;
  readonly timeout?: number;
  readonly userName?: string;
  readonly password?: string;
}

/** A key provider ("KMS cluster"): trust and client certificate belong to it, not to its servers. */
export interface ProviderRow {
  readonly id: string;
  readonly managementType: 'vCenter' | 'trustAuthority';
  readonly servers: readonly ServerRow[];
  readonly useAsDefault: boolean;
  readonly entityDefaults: readonly ManagedObjectReference[];
  /** PEM of each server certificate that was uploaded, oldest first. */
  readonly trusted: readonly string[];
  /** Absent: the one that the vCenter's own CA signed. */
  readonly client?: PairRow;
  /** Candidates: the working certificate stays until one of them is taken. */
  readonly selfSigned?: PairRow;
  readonly request?: { readonly pem: string; readonly privateKey: string };
  readonly registered: number;
}

/** A key that this vCenter knows: it made it, or something here uses it. Never the key itself. */
export interface KeyRow {
  readonly keyId: string;
  readonly providerId: string;
  readonly createdAt: string;
}

export interface UserRow {
  readonly name: string;
  readonly password: string;
  /** Without a role: may log in nowhere. */
  readonly role: 'administrator' | 'none';
  /** Privileges that are missing: everywhere, or on one object, as `Cryptographer.Recrypt@vm-23`. */
  readonly without: readonly string[];
}

export interface SettingsRow {
  readonly instanceUuid: string;
  readonly clockOffsetMs: number;
  /** The vCenter's own CA (VMCA), and what it signed: the web server and the default KMIP client. */
  readonly authority?: PairRow;
  readonly web?: PairRow;
  readonly client?: PairRow;
  readonly version: string;
}

export interface Rows {
  settings: SettingsRow;
  user: UserRow;
  provider: ProviderRow;
  key: KeyRow;
}

export type CenterStore = RowStore<Rows>;
