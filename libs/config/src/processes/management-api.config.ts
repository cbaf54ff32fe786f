import { type ConfigOf, defaulted, optional } from '../setting';
import {
  host,
  listOf,
  onOff,
  path,
  plainName,
  port,
  proxyList,
  secretText,
  serviceUrl,
  wholeNumber,
} from '../setting-types';
import { hostAndPort } from '../host-and-port';
import { brokerSettings } from './broker-settings';
import { consoleSettings } from './console-settings';
import {
  cloudSettings,
  databaseSettings,
  drainSettings,
  healthSettings,
  loggingSettings,
  proofSettings,
  regionSetting,
} from './common-settings';

export const managementApiConfig = {
  ...loggingSettings,
  region: regionSetting,
  managementHost: defaulted('MANAGEMENT_HOST', host, '127.0.0.1', {
    meaning: 'Address the API listens on.',
    consequence: 'The API speaks plain HTTP: put a TLS proxy in front before opening it to a network.',
  }),
  managementPort: defaulted('MANAGEMENT_PORT', port, '8080', {
    meaning: 'Port of the tenant API and the service broker.',
    consequence: 'A port that is taken stops the start with a message.',
  }),
  managementPublicUrl: optional('MANAGEMENT_PUBLIC_URL', serviceUrl, {
    meaning: 'Address of the API as tenants see it.',
    consequence:
      'Stands in links and dashboard addresses, and people come back there when they have signed in. With `https` browsers are told to come by TLS alone (HSTS). Unset: the address it listens on.',
  }),
  kmipEndpoints: defaulted('KMIP_ENDPOINTS', listOf(hostAndPort, '`host:port` pairs'), '127.0.0.1:5696', {
    meaning: 'KMIP endpoints of the region as tenants type them into vCenter.',
    consequence: 'Shown to tenants; a wrong value sends them to a dead address.',
  }),
  serviceName: defaulted('SERVICE_NAME', plainName, 'kmip-for-vmware', {
    meaning: 'Name of the service in the IBM Cloud catalog.',
    consequence: 'Policies of tenants name it; it is part of every CRN. Do not change it later.',
  }),
  maximumInstancesPerAccount: defaulted('MAXIMUM_INSTANCES_PER_ACCOUNT', wholeNumber(1, 1_000_000), '1000', {
    meaning:
      'Most KMIP instances of one account, those that the platform orders and those of the command line together.',
    consequence: 'Below what an account has: its instances go on, and it gets no more.',
  }),
  apiDocumentation: defaulted('API_DOCUMENTATION', onOff, 'off', {
    meaning: 'Whether the OpenAPI document and its interactive page `/v1/docs` are served.',
    consequence: 'Needs no authentication when on. The page about errors, `/v1/errors`, is always served.',
  }),
  kmipCertificateFiles: optional('KMIP_CERTIFICATE_FILES', listOf(path, 'files'), {
    meaning: 'Server certificates of the KMIP endpoints in PEM, leaf first: one for each endpoint, or one for all.',
    consequence: 'Shown to tenants, who compare fingerprints before they click Trust. Unset: none is shown.',
  }),
  kmipNextCertificateFiles: optional('KMIP_NEXT_CERTIFICATE_FILES', listOf(path, 'files'), {
    meaning:
      'Server certificates in PEM that the KMIP endpoints will present next, leaf first: one for each endpoint, or one for all.',
    consequence:
      'Announced to tenants beside the one that an endpoint presents, while the file is there and until the endpoint presents it. Unset: none is announced.',
  }),
  clientCaFolder: optional('CLIENT_CA_FOLDER', path, {
    meaning:
      'Folder with `ca.crt` and `ca.key` of the CA that signs client certificates for tenants. Made when it does not exist.',
    consequence:
      'All processes of the region should share it. Unset: each process signs with a CA of its own, gone when it ends.',
  }),
  auditKeyFile: optional('AUDIT_KEY_FILE', path, {
    meaning:
      'File with the keys that sign where the audit trail of each instance ends: lines `key <instant> <32 bytes in base64>`, the newest last.',
    consequence:
      'Keep it outside of the database and its backups: by it tenants see that nobody cut or rewrote their trail. Unset: nothing is signed.',
  }),
  ...proofSettings,
  iamIssuer: optional('IAM_ISSUER', serviceUrl, {
    meaning: 'Issuer that access tokens must name, exactly.',
    consequence: 'Tokens of another issuer are refused. Unset: IAM_URL with `/identity`.',
  }),
  serviceApiKey: optional('SERVICE_API_KEY', secretText, {
    meaning: 'API key with which the service asks the policy decision point of IAM what callers may do.',
    consequence: 'Unset: ROLE_FILE decides.',
  }),
  roleFile: optional('ROLE_FILE', path, {
    meaning:
      'JSON list of `{iamId, accountId, roles, instanceId?}`: roles of callers where no policy decision point is.',
    consequence: 'Not used with SERVICE_API_KEY. With neither, nobody may do anything.',
  }),
  managementTrustedProxies: optional('MANAGEMENT_TRUSTED_PROXIES', proxyList, {
    meaning: 'Addresses of the TLS proxies in front, whose `X-Forwarded-For` is believed.',
    consequence:
      'Behind a proxy that is not named here all callers share its address, in limits and in the audit trail. Name nothing else: whoever is named may claim any address. Unset: the header is ignored.',
  }),
  managementMaximumConnections: defaulted('MANAGEMENT_MAXIMUM_CONNECTIONS', wholeNumber(1, 100_000), '1000', {
    meaning: 'Most open connections of this process.',
    consequence: 'Further ones are answered with 503 and closed; over twice the number they are closed at once.',
  }),
  managementMaximumConnectionsPerAddress: defaulted(
    'MANAGEMENT_MAXIMUM_CONNECTIONS_PER_ADDRESS',
    wholeNumber(1, 100_000),
    '100',
    {
      meaning: 'Most open connections from one address that is not a trusted proxy.',
      consequence:
        'As above. Behind a proxy that is not named in MANAGEMENT_TRUSTED_PROXIES it holds for all together.',
    },
  ),
  managementRequestsPerSecond: defaulted('MANAGEMENT_REQUESTS_PER_SECOND', wholeNumber(1, 100_000), '50', {
    meaning: 'Requests a second that one caller may send for ever, for each process; ten times as many at once.',
    consequence: 'More are answered with 429 and the time to wait.',
  }),
  ...consoleSettings,
  ...brokerSettings,
  ...drainSettings,
  ...healthSettings,
  ...databaseSettings,
  ...cloudSettings,
} as const;

export type ManagementApiConfig = ConfigOf<typeof managementApiConfig>;
