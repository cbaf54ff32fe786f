import { z } from 'zod';

import { ViConnectionError } from './vi-connection.error';

/**
 * What is relied on of each answer. A server that says it is a vCenter need not be one: what is not as the API has it ends
 * in a sentence, before something is made of it. Members that nobody reads are not looked at.
 */
const text = z.string();
const reference = z.looseObject({ type: text, value: text });
const provider = z.looseObject({ id: text });
const key = z.looseObject({ keyId: text, providerId: provider.optional() });
const dateTime = text.refine((value) => !Number.isNaN(Date.parse(value)));
const certificateInfo = z.looseObject({ notAfter: dateTime });
const object = z.looseObject({});
const nothingOr = <T extends z.ZodType>(type: T) => z.union([type, z.null()]);

const server = z.looseObject({ name: text, address: text, port: z.number(), userName: text.optional() });
const cluster = z.looseObject({
  clusterId: provider,
  servers: z.array(server).optional(),
  useAsDefault: z.boolean(),
  managementType: text.optional(),
  defaultKeyType: text.optional(),
});
const properties = z.looseObject({
  token: text.optional(),
  objects: z.array(
    z.looseObject({
      obj: reference,
      propSet: z.array(z.looseObject({ name: text })).optional(),
      missingSet: z.array(z.looseObject({ path: text, fault: object })).optional(),
    }),
  ),
});
const keyResult = z
  .looseObject({ success: z.boolean(), keyId: key.partial().optional(), reason: text.optional() })
  .refine(({ success, keyId }) => !success || (keyId?.keyId ?? '') !== '', { path: ['keyId'] });

interface Backing {
  readonly [member: string]: unknown;
  readonly keyId?: z.infer<typeof key> | undefined;
  readonly parent?: Backing | undefined;
}
const backing: z.ZodType<Backing> = z.looseObject({
  keyId: key.optional(),
  get parent() {
    return backing.optional();
  },
});
const device = z.looseObject({
  key: z.number(),
  backing: backing.optional(),
  deviceInfo: z.looseObject({ label: text.optional() }).optional(),
  controllerKey: z.number().optional(),
  capacityInBytes: z.number().optional(),
  vDiskId: provider.optional(),
});

interface Tree {
  readonly [member: string]: unknown;
  readonly snapshot: z.infer<typeof reference>;
  readonly name: string;
  readonly childSnapshotList?: Tree[] | undefined;
}
const tree: z.ZodType<Tree> = z.looseObject({
  snapshot: reference,
  name: text,
  get childSnapshotList() {
    return z.array(tree).optional();
  },
});

export const HELLO = z.looseObject({ api_release: text });

export const CONTENT = z.looseObject({
  rootFolder: reference,
  propertyCollector: reference,
  viewManager: reference.optional(),
  sessionManager: reference.optional(),
  authorizationManager: reference.optional(),
  vStorageObjectManager: reference.optional(),
  cryptoManager: reference.optional(),
  about: z.looseObject({
    apiType: text,
    fullName: text,
    name: text.optional(),
    version: text,
    build: text,
    instanceUuid: text.optional(),
  }),
});

const vsanEncryption = z.looseObject({
  encryptionEnabled: z.boolean(),
  kmsProviderId: provider.optional(),
  kekId: text.optional(),
  hostKeyId: text.optional(),
  changing: z.boolean().optional(),
});

const pem = nothingOr(text);

/** Of methods, by their names. */
const RESULTS: Readonly<Partial<Record<string, z.ZodType>>> = {
  Login: z.looseObject({ key: text, userName: text.optional() }),
  HasPrivilegeOnEntities: nothingOr(
    z.array(
      z.looseObject({
        entity: reference,
        privAvailability: z.array(z.looseObject({ privId: text, isGranted: z.boolean() })),
      }),
    ),
  ),
  RetrievePropertiesEx: nothingOr(properties),
  ContinueRetrievePropertiesEx: properties,
  CreateContainerView: reference,
  ListKmipServers: nothingOr(z.array(cluster)),
  GetDefaultKmsCluster: nothingOr(provider),
  RetrieveKmipServersStatus_Task: reference,
  RetrieveKmipServerCert: z.looseObject({
    certificate: text,
    certInfo: certificateInfo.optional(),
    clientTrustServer: z.boolean().optional(),
  }),
  GenerateSelfSignedClientCert: text.min(1),
  RetrieveSelfSignedClientCert: pem,
  GenerateClientCsr: text.min(1),
  RetrieveClientCert: pem,
  GenerateKey: keyResult,
  QueryCryptoKeyStatus: nothingOr(
    z.array(
      z.looseObject({
        keyId: key,
        keyAvailable: z.boolean().optional(),
        reason: text.optional(),
        referencedByTags: z.array(text).optional(),
      }),
    ),
  ),
  ListKeys: nothingOr(z.array(key)),
  ReconfigVM_Task: reference,
  CryptoUnlock_Task: reference,
  ListVStorageObject: nothingOr(z.array(provider)),
  RetrieveVStorageObject: z.looseObject({ config: z.looseObject({ name: text, backing }) }),
  UpdateVStorageObjectCrypto_Task: reference,
  VsanClusterGetConfig: nothingOr(z.looseObject({ dataEncryptionConfig: vsanEncryption.optional() })),
  VsanClusterReconfig: reference,
  VsanEncryptedClusterRekey_Task: reference,
};

/** Of properties, by their paths; the same path means the same in every type that is read. */
const PROPERTIES: Readonly<Partial<Record<string, z.ZodType>>> = {
  name: text,
  'config.changeVersion': text,
  'config.keyId': key,
  'config.template': z.boolean(),
  'config.changeTrackingEnabled': z.boolean(),
  'config.hardware.device': z.array(device),
  'config.tools.customizationKeyId': key,
  'runtime.cryptoState': text,
  'runtime.powerState': text,
  'runtime.connectionState': text,
  'runtime.host': reference,
  'runtime.cryptoKeyId': key,
  snapshot: z.looseObject({ rootSnapshotList: z.array(tree).optional() }),
  'summary.config.product': z.looseObject({ version: text, build: text }),
  configurationEx: z.looseObject({
    cryptoConfig: z
      .looseObject({
        policy: z.looseObject({ keyId: key.optional(), providerId: provider.optional() }).optional(),
      })
      .optional(),
    vsanConfigInfo: z.looseObject({ enabled: z.boolean().optional() }).optional(),
  }),
  info: z.looseObject({
    task: reference,
    descriptionId: text,
    state: text,
    cancelable: z.boolean().optional(),
    progress: z.number().optional(),
  }),
};

export const CLUSTER_STATUSES = z.array(
  z.looseObject({
    clusterId: provider,
    overallStatus: text.optional(),
    servers: z.array(
      z.looseObject({
        name: text,
        status: text,
        connectionStatus: text,
        certInfo: certificateInfo.optional(),
        clientTrustServer: z.boolean().optional(),
        serverTrustClient: z.boolean().optional(),
      }),
    ),
    clientCertInfo: certificateInfo.optional(),
  }),
);

/** @returns it as it came @throws ViConnectionError malformed */
export function asResult(value: unknown, type: string, method: string): unknown {
  const shape = Object.hasOwn(RESULTS, method) ? RESULTS[method] : undefined;
  return shape === undefined ? value : checked(value, shape, `${type}.${method}`);
}

/** @throws ViConnectionError malformed */
export function asProperty(value: unknown, type: string, path: string): unknown {
  const shape = Object.hasOwn(PROPERTIES, path) ? PROPERTIES[path] : undefined;
  return shape === undefined ? value : checked(value, shape, `${type}.${path}`);
}

/** @throws ViConnectionError malformed */
export function checked(value: unknown, shape: z.ZodType, asked: string): unknown {
  const result = shape.safeParse(value);
  if (result.success) return value;
  const path = result.error.issues[0]?.path.join('.') ?? '';
  const where = path === '' ? '' : ` (${path.slice(0, 100)})`;
  throw new ViConnectionError('malformed', `vCenter answered ${asked} with something else than its API says${where}.`);
}

const DEEPEST = 200;

/** Chains of disks and trees of snapshots are not so deep; what is would end in a stack that overflows. */
export function isTooDeep(json: string): boolean {
  let depth = 0;
  let inText = false;
  for (let index = 0; index < json.length; index++) {
    const code = json.charCodeAt(index);
    if (inText) {
      if (code === BACKSLASH) index++;
      else if (code === QUOTE) inText = false;
    } else if (code === QUOTE) inText = true;
    else if (code === BRACE || code === BRACKET) {
      if (++depth > DEEPEST) return true;
    } else if (code === END_BRACE || code === END_BRACKET) depth--;
  }
  return false;
}

const [QUOTE, BACKSLASH, BRACE, BRACKET, END_BRACE, END_BRACKET] = Array.from('"\\{[}]', (character) =>
  character.charCodeAt(0),
);
