import { type ConfigOf, defaulted, optional, required } from '../setting';
import { host, hostList, networkList, onOff, path, plainName, port, wholeNumber, workerCount } from '../setting-types';
import {
  cloudSettings,
  databaseSettings,
  drainSettings,
  healthSettings,
  loggingSettings,
  proofSettings,
  regionSetting,
} from './common-settings';

const milliseconds = (minimum: number, maximum: number): ReturnType<typeof wholeNumber> =>
  wholeNumber(minimum, maximum, 'milliseconds');

/** What the listener waits for and how much it lets in; the defaults fit several hundred ESXi hosts. */
const listenerLimits = {
  kmipHandshakeTimeoutMs: defaulted('KMIP_HANDSHAKE_TIMEOUT_MS', milliseconds(100, 60_000), '10000', {
    meaning: 'Time a client has for the TLS handshake.',
    consequence: 'Long: silent clients hold their places longer. Short: clients on slow links are cut off.',
  }),
  kmipMessageTimeoutMs: defaulted('KMIP_MESSAGE_TIMEOUT_MS', milliseconds(100, 300_000), '15000', {
    meaning: 'Time for a whole request, counted from its first byte, and for a client to take its answer.',
    consequence: 'A client that sends or reads more slowly is cut off.',
  }),
  kmipIdleTimeoutMs: defaulted('KMIP_IDLE_TIMEOUT_MS', milliseconds(1_000, 86_400_000), '600000', {
    meaning: 'Time a connection may stay without a request.',
    consequence: 'Short: clients that keep connections reconnect more often, which costs a handshake each.',
  }),
  kmipMaximumMessageBytes: defaulted('KMIP_MAXIMUM_MESSAGE_BYTES', wholeNumber(1_024, 16_777_216, 'bytes'), '1048576', {
    meaning: 'Largest request.',
    consequence: 'Larger ones are refused by their header, before anything is stored.',
  }),
  kmipMaximumAnswerBytes: defaulted('KMIP_MAXIMUM_ANSWER_BYTES', wholeNumber(524_288, 67_108_864, 'bytes'), '4194304', {
    meaning: 'Largest answer to one request; a Maximum Response Size of the client counts beside it.',
    consequence: 'What does not fit is refused with `answer_limit`. A Locate with 10,000 identifiers has 480 KB.',
  }),
  kmipMaximumAnswerBytesPerInstance: defaulted(
    'KMIP_MAXIMUM_ANSWER_BYTES_PER_INSTANCE',
    wholeNumber(524_288, 134_217_728, 'bytes'),
    '16777216',
    {
      meaning: 'Large answers (above 64 KiB) of one KMIP instance that are made or wait to be read at the same time.',
      consequence:
        'More is refused with `answer_memory`. All instances together have 128 MiB. Each worker has room for one answer in any case.',
    },
  ),
  kmipMaximumConnections: defaulted('KMIP_MAXIMUM_CONNECTIONS', wholeNumber(1, 100_000), '10000', {
    meaning: 'Most open connections of this endpoint.',
    consequence:
      'Further clients are told so and closed. The limit of open files must be higher by KMIP_MAXIMUM_HALF_OPEN and 2,000 for strangers and clients that are turned away.',
  }),
  kmipMaximumHalfOpen: defaulted('KMIP_MAXIMUM_HALF_OPEN', wholeNumber(1, 100_000), '4000', {
    meaning: 'Most connections that have not finished the TLS handshake.',
    consequence: 'Bounds what strangers can hold without a certificate.',
  }),
  kmipMaximumHalfOpenPerAddress: defaulted('KMIP_MAXIMUM_HALF_OPEN_PER_ADDRESS', wholeNumber(1, 100_000), '2000', {
    meaning: 'Most connections from one address that have not finished the TLS handshake.',
    consequence:
      'Behind a balancer without PROXY protocol all clients share one address: raise it, or switch PROXY protocol on.',
  }),
  kmipMaximumHandshakes: defaulted('KMIP_MAXIMUM_HANDSHAKES', wholeNumber(1, 1_000), '32', {
    meaning: 'TLS handshakes that are computed at the same time; others wait, addresses taking turns.',
    consequence: 'High: clients that are connected wait longer while many hosts connect at once.',
  }),
  kmipMaximumConnectionsPerAccount: defaulted('KMIP_MAXIMUM_CONNECTIONS_PER_ACCOUNT', wholeNumber(1, 100_000), '5000', {
    meaning: 'Most open connections of all KMIP instances of one account.',
    consequence: 'Must be below KMIP_MAXIMUM_CONNECTIONS, or one account can keep the others out.',
  }),
  kmipMaximumConnectionsPerCertificate: defaulted(
    'KMIP_MAXIMUM_CONNECTIONS_PER_CERTIFICATE',
    wholeNumber(1, 100_000),
    '2000',
    {
      meaning: 'Most open connections with one client certificate.',
      consequence:
        'All hosts of a vSAN cluster share a certificate and reconnect together after an outage: leave room for them.',
    },
  ),
  kmipMaximumConnectionsPerInstance: defaulted(
    'KMIP_MAXIMUM_CONNECTIONS_PER_INSTANCE',
    wholeNumber(1, 100_000),
    '2500',
    {
      meaning: 'Most open connections of one KMIP instance, with all its certificates.',
      consequence: 'Must be well below KMIP_MAXIMUM_CONNECTIONS, or one tenant can keep the others out.',
    },
  ),
};

export const gatewayConfig = {
  ...loggingSettings,
  region: regionSetting,
  kmipEndpointName: defaulted('KMIP_ENDPOINT_NAME', plainName, 'kmip-1', {
    meaning: 'Name of this endpoint in audit records, logs and metrics.',
    consequence: 'Two endpoints of a region should have two names, or a record does not tell which one served.',
  }),
  kmipHost: defaulted('KMIP_HOST', host, '0.0.0.0', {
    meaning: 'Address the KMIP port listens on.',
    consequence: 'The default serves every network of the machine; `::` adds IPv6.',
  }),
  kmipPort: defaulted('KMIP_PORT', port, '5696', {
    meaning: 'KMIP port.',
    consequence: 'vCenter proposes 5696; another port must be typed in there.',
  }),
  kmipWorkers: defaulted('KMIP_WORKERS', workerCount, '1', {
    meaning: 'Processes that serve the KMIP port; connections are dealt to them in turn. The image says `cores`.',
    consequence:
      'More than 1: one process more keeps them, and each has its share of what is allowed to the endpoint. A worker needs about 150 MB, and room for its list of certificates. `cores` heeds a CPU quota of the container from Node 22.10 on; before, give a number.',
  }),
  kmipServerNames: defaulted('KMIP_SERVER_NAMES', hostList, 'localhost,127.0.0.1', {
    meaning: 'Names and addresses by which clients reach the endpoint.',
    consequence:
      'Go into the server certificate when it is made at the first start; later changes only cause a warning.',
  }),
  kmipTlsFolder: required('KMIP_TLS_FOLDER', path, {
    meaning:
      'Folder with `server.crt` and `server.key`, and `ca.crt` and `ca.key` if we made them. Made when it does not exist.',
    consequence:
      'vCenter trusts this very certificate: losing the folder means trusting the server again in every vCenter.',
  }),
  kmipCertificateCopy: optional('KMIP_CERTIFICATE_COPY', path, {
    meaning: 'File into which the server certificate is copied, without its key, at the start and at each renewal.',
    consequence:
      'For the management API (`KMIP_CERTIFICATE_FILES`), which then needs no sight of the folder with the private key. Unset: no copy.',
  }),
  kmipInstanceDomain: optional('KMIP_INSTANCE_DOMAIN', host, {
    meaning:
      'Domain under which every instance has a host name of its own, `<KMIP user name>.<domain>`, with a wildcard record in DNS.',
    consequence:
      'A client that connects to such a name proves whose it is. The server certificate must carry `*.<domain>`; one that is made at the first start does.',
  }),
  ...proofSettings,
  kmipLegacyCiphers: defaulted('KMIP_LEGACY_CIPHERS', onOff, 'on', {
    meaning: 'Whether the two RSA-AES-CBC-SHA256 suites are offered, after all others.',
    consequence:
      'vCenter 7 negotiates one of them. They have no forward secrecy: switch them off when the metric `kmip_legacy_cipher_handshakes_total` stays at 0.',
  }),
  kmipProxyProtocolFrom: optional('KMIP_PROXY_PROTOCOL_FROM', networkList, {
    meaning: 'Addresses of layer-4 balancers that send PROXY protocol version 2.',
    consequence: 'From these addresses the header is demanded; from any other it is refused. Unset: no PROXY protocol.',
  }),
  ...listenerLimits,
  ...drainSettings,
  reconcileEveryMs: defaulted('RECONCILE_EVERY_MS', milliseconds(100, 3_600_000), '60000', {
    meaning: 'Pause between two rounds of settling interrupted work and of moving keys to where they belong.',
    consequence:
      'One gateway of the region does each at a time. Long: leftovers stay longer in the tenant’s key manager.',
  }),
  reconcileIntentsAfterMs: defaulted('RECONCILE_INTENTS_AFTER_MS', milliseconds(1_000, 86_400_000), '600000', {
    meaning: 'Age at which an unfinished Create or move of a key is taken for interrupted.',
    consequence:
      'Must be longer than either can take (30 s) and than clocks of gateways differ. A replaced root key stays bound that long.',
  }),
  ...healthSettings,
  ...databaseSettings,
  ...cloudSettings,
} as const;

export type GatewayConfig = ConfigOf<typeof gatewayConfig>;
