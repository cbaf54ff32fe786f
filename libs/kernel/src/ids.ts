import { randomUUID } from 'node:crypto';

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** GUID of a KMIP instance of ours: the service-instance segment of its CRN. Every row of a tenant carries it. */
export type InstanceId = Branded<string, 'InstanceId'>;
/** KMIP Unique Identifier (KMIP 1.4 §3.1): a lower-case 36-character UUID, because vCenter stores it for the life of the data. */
export type UniqueIdentifier = Branded<string, 'UniqueIdentifier'>;
/** Lower-case hex SHA-256 (64 characters, no colons) of a certificate's DER. */
export type CertificateFingerprint = Branded<string, 'CertificateFingerprint'>;
/** Joins one request's audit record, log lines and key-manager calls; a v4 UUID. */
export type CorrelationId = Branded<string, 'CorrelationId'>;

export const toInstanceId = (text: string): InstanceId => text.toLowerCase() as InstanceId;
export const toUniqueIdentifier = (text: string): UniqueIdentifier => text as UniqueIdentifier;
export const toFingerprint = (text: string): CertificateFingerprint =>
  text.replaceAll(':', '').toLowerCase() as CertificateFingerprint;

/** Of the names of stored keys, as tenants see them in their key manager; the original service used the same. */
export const STORED_KEY_PREFIX = 'vmware_kmip_';

export const newUniqueIdentifier = (): UniqueIdentifier => randomUUID() as UniqueIdentifier;
export const newCorrelationId = (): CorrelationId => randomUUID() as CorrelationId;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for the only form of identifier we ever issue; anything else cannot name an object of ours. */
export const isUuid = (text: string): boolean => UUID.test(text);
