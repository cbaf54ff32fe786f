import { endpointTemplates, region } from '../cloud-addresses';
import { defaulted, optional, required } from '../setting';
import { date, host, logLevel, oneOf, path, port, postgresUrl, serviceUrl, wholeNumber } from '../setting-types';

/** Settings of every process. */
export const loggingSettings = {
  logLevel: defaulted('LOG_LEVEL', logLevel, 'info', {
    meaning: 'Least severity that is logged.',
    consequence: 'Key bytes, tokens and payloads are not logged at any level; `debug` and `trace` cost throughput.',
  }),
};

export const regionSetting = required('REGION', region, {
  meaning: 'IBM Cloud region this installation serves.',
  consequence: 'Stands in CRNs and audit records. Do not change it later.',
});

/** The gateway acts by it, the others tell tenants and the operator what it will do: all of a region should agree. */
export const proofSettings = {
  clientCertificateProof: defaulted('CLIENT_CERTIFICATE_PROOF', oneOf(['offered', 'required']), 'offered', {
    meaning:
      'Whether new keys are made only for clients that have proven whose they are. Applies to certificates registered since it was first `required`.',
    consequence:
      '`required` is recommended: otherwise a stranger who registers a certificate that its owner has not registered yet receives the keys that it makes. Existing keys are served in any case.',
  }),
  clientCertificateProofOlderFrom: optional('CLIENT_CERTIFICATE_PROOF_OLDER_FROM', date, {
    meaning: 'From when on certificates that were registered before must have proven whose they are, too.',
    consequence: 'Unset: those are spared. The tenant API lists them as unproven.',
  }),
};

/** Settings of the processes that share the database. */
export const databaseSettings = {
  databaseUrl: required('DATABASE_URL', postgresUrl, {
    meaning: 'PostgreSQL 15 or newer: key catalog, tenants and audit records, with the login of this kind of process.',
    consequence:
      'All gateways and APIs of a region must name the same database. A login that can do more than the process needs is warned of. Over a network the server must show a certificate of its name, by a CA of `sslrootcert=<file>` or of the system; `sslmode=disable` waives that.',
  }),
  databasePoolSize: defaulted('DATABASE_POOL_SIZE', wholeNumber(2, 500), '10', {
    meaning:
      'Most connections this process opens to the database; those of a gateway with several workers, all of them.',
    consequence:
      'Processes times this number must stay below max_connections of the server. Each worker has 4 in any case.',
  }),
};

/** For who brings the database up to date. */
export const processLogins = {
  gatewayDatabaseUrl: optional('GATEWAY_DATABASE_URL', postgresUrl, {
    meaning: 'What gateways are given as DATABASE_URL: a login of their own.',
    consequence:
      '`npm start` unset: makes one, for which the owner must have CREATEROLE. `migrate`: makes the one named.',
  }),
  apiDatabaseUrl: optional('API_DATABASE_URL', postgresUrl, {
    meaning: 'What management APIs and the command line are given as DATABASE_URL: a login of their own.',
    consequence: 'As GATEWAY_DATABASE_URL.',
  }),
};

/** What `migrate` is told beside the settings of the command line. */
export const migrationSettings = {
  ...processLogins,
  administratorDatabaseUrl: optional('ADMINISTRATOR_DATABASE_URL', postgresUrl, {
    meaning:
      'A superuser of a server that serves nothing else: `migrate` makes the owner that `DATABASE_URL` names, and hands the database over to it.',
    consequence: 'Unset: `DATABASE_URL` names an owner that is there.',
  }),
};

export const drainSettings = {
  drainTimeoutMs: defaulted('DRAIN_TIMEOUT_MS', wholeNumber(0, 120_000, 'milliseconds'), '10000', {
    meaning: 'Time requests in flight have to finish when the process is asked to stop.',
    consequence: 'Must be shorter than the time the orchestrator waits before it kills.',
  }),
};

export const healthSettings = {
  healthHost: defaulted('HEALTH_HOST', host, '127.0.0.1', {
    meaning: 'Address of the port for liveness, readiness and metrics.',
    consequence: 'The port has no authentication. Open it to the orchestrator and the metrics collector only.',
  }),
  healthPort: defaulted('HEALTH_PORT', port, '9090', {
    meaning: 'Port for `/livez`, `/readyz` and `/metrics`.',
    consequence: 'Two processes on one machine need two ports.',
  }),
};

/** By the settings that the drivers name (docs/adr/0087). */
export const keyManagerEndpoints = {
  keyProtectEndpoints: optional('KEY_PROTECT_ENDPOINTS', endpointTemplates, {
    meaning: 'Where Key Protect instances may be, the form that is used first in front.',
    consequence: 'Tokens of tenants are sent here and nowhere else. Unset: the addresses IBM publishes.',
  }),
  hpcsEndpoints: optional('HPCS_ENDPOINTS', endpointTemplates, {
    meaning: 'Where Hyper Protect Crypto Services instances may be.',
    consequence: 'Tokens of tenants are sent here and nowhere else. Unset: the addresses IBM publishes.',
  }),
};

/** Settings of the processes that call IBM Cloud in the name of tenants. */
export const cloudSettings = {
  iamUrl: defaulted('IAM_URL', serviceUrl, 'https://iam.cloud.ibm.com', {
    meaning: 'Identity and access management: tokens, signing keys and policy decisions.',
    consequence: 'API keys of tenants are sent here. Use `https://private.iam.cloud.ibm.com` on the private network.',
  }),
  resourceControllerUrl: defaulted('RESOURCE_CONTROLLER_URL', serviceUrl, 'https://resource-controller.cloud.ibm.com', {
    meaning: 'Resource controller: where the endpoint of a Hyper Protect Crypto Services instance is read.',
    consequence: 'Not reachable: root keys in such instances cannot be newly bound; existing bindings go on.',
  }),
  ...keyManagerEndpoints,
  serviceKeyFile: required('SERVICE_KEY_FILE', path, {
    meaning:
      'File with the service keys that seal API keys of tenants: lines `v1:<32 bytes in base64>`, the newest last.',
    consequence: 'Lost: every tenant must hand in its API key again. Keep it outside of the database and its backups.',
  }),
  restoreRecordFolder: optional('RESTORE_RECORD_FOLDER', path, {
    meaning:
      'Folder in which the processes of the region record how far it has come, and what was withdrawn. Unset: the path of `SERVICE_KEY_FILE` with `.record` behind it.',
    consequence:
      'By it a database that was restored from a backup is noticed, and what was removed or suspended since is withdrawn again. Must be writable, outside of the database and its backups, and best shared by all processes.',
  }),
};
