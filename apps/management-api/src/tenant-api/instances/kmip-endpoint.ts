import { type CertificateDescription } from '@lib/pki';

export interface ServerCertificate {
  readonly pem: string;
  /** Issuing certificates, nearest first. */
  readonly chain: readonly string[];
  readonly description: CertificateDescription;
}

/** An address of the region as tenants type it into vCenter. */
export interface KmipEndpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Absent while it cannot be read: the list of instances must not fail for that. */
  readonly certificate?: ServerCertificate;
  /** Announced by the operator, and not presented yet. */
  readonly nextCertificate?: ServerCertificate;
}
