/** A KMIP server to be measured, and the processes whose CPU time counts. */
export interface Target {
  readonly name: string;
  readonly ports: readonly number[];
  readonly clientCertificatePem: string;
  readonly clientKeyPem: string;
  readonly serverCaPem: string;
  /** Pids by role; read anew for each measurement. */
  processes(): Readonly<Record<string, number>>;
}
