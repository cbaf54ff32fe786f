import { type Secret } from '@lib/kernel';
import {
  CredentialType,
  CryptographicAlgorithm,
  CryptographicUsageMask,
  ObjectType,
  Operation,
  type OperationRequest,
  QueryFunction,
  type RequestHeader,
  type RequestMessage,
  V1_1,
} from '@lib/kmip-protocol';

/** The user name and password an administrator may have typed into vCenter beside the certificate. */
export interface VCenterCredential {
  readonly username: string;
  readonly password: Secret;
}

/** What vCenter writes on a key right after it was created. */
export const productAttributes = {
  'x-Product_Version': '8.0.1 build-21560480',
  'x-Vendor': 'VMware, Inc.',
  'x-Product': 'VMware vSphere',
} as const;

/** What vCenter writes on a key once a VM uses it. */
export const virtualMachineAttributes = (instanceUuid: string, name: string) => ({
  'x-Identifier': instanceUuid,
  'x-Component': 'Virtual Machine',
  'x-Name': name,
});

/**
 * The requests of vCenter 7 and 8, byte for byte: KMIP 1.1 whatever the server offers, a header without anything that
 * is not needed, batch item ids counted from 1 in each message. The credential, if there is one, goes only where
 * vCenter sends it: a server may rely on it nowhere.
 */
export const vcenter = {
  /** The first request on every connection: the only one without a batch item id. */
  probe: (): RequestMessage => message([discoverVersions], { withItemIds: false }),

  discoverVersions: (): RequestMessage => message([discoverVersions]),

  queryServerInformation: (): RequestMessage =>
    message([{ name: 'Query', payload: { queryFunctions: [QueryFunction.QueryServerInformation] } }]),

  createKey: (credential?: VCenterCredential): RequestMessage => message([createAes256], { credential }),

  getKey: (uniqueIdentifier: string, credential?: VCenterCredential): RequestMessage =>
    message([{ name: 'Get', payload: { uniqueIdentifier } }], { credential }),

  getState: (uniqueIdentifier: string, credential?: VCenterCredential): RequestMessage =>
    message([getAttribute(uniqueIdentifier, 'State')], { credential }),

  /** Asked for each custom attribute before it is added. */
  getCustomAttribute: (uniqueIdentifier: string, attributeName: string): RequestMessage =>
    message([getAttribute(uniqueIdentifier, attributeName)]),

  activate: (uniqueIdentifier: string, credential?: VCenterCredential): RequestMessage =>
    message([{ name: 'Activate', payload: { uniqueIdentifier } }], { credential }),

  /** One batch with an item for each attribute, in the order given; vCenter always sends three. */
  addAttributes: (uniqueIdentifier: string, attributes: Readonly<Record<string, string>>): RequestMessage =>
    message(
      Object.entries(attributes).map(([attributeName, value]) => ({
        name: 'AddAttribute',
        payload: { uniqueIdentifier, attribute: { attributeName, attributeValue: { type: 'TextString', value } } },
      })),
    ),
};

const discoverVersions: OperationRequest = { name: 'DiscoverVersions', payload: { protocolVersions: [] } };

const createAes256: OperationRequest = {
  name: 'Create',
  payload: {
    objectType: ObjectType.SymmetricKey,
    templateAttribute: {
      attributes: [
        {
          attributeName: 'Cryptographic Algorithm',
          attributeValue: { type: 'Enumeration', value: CryptographicAlgorithm.AES },
        },
        {
          attributeName: 'Cryptographic Usage Mask',
          attributeValue: {
            type: 'Integer',
            value: CryptographicUsageMask.Encrypt | CryptographicUsageMask.Decrypt,
          },
        },
        { attributeName: 'Cryptographic Length', attributeValue: { type: 'Integer', value: 256 } },
      ],
    },
  },
};

const getAttribute = (uniqueIdentifier: string, attributeName: string): OperationRequest => ({
  name: 'GetAttributes',
  payload: { uniqueIdentifier, attributeNames: [attributeName] },
});

interface MessageOptions {
  readonly credential?: VCenterCredential | undefined;
  readonly withItemIds?: boolean;
}

function message(requests: readonly OperationRequest[], options: MessageOptions = {}): RequestMessage {
  const { credential, withItemIds = true } = options;
  const header: RequestHeader = {
    protocolVersion: V1_1,
    ...(credential && {
      authentication: [{ credentialType: CredentialType.UsernameAndPassword, ...credential }],
    }),
    batchCount: requests.length,
  };
  const batchItems = requests.map((request, index) => ({
    operation: Operation[request.name],
    ...(withItemIds && { uniqueBatchItemId: itemId(index + 1) }),
    request,
  }));
  return { header, batchItems };
}

/** "QLKC" and a little-endian counter, as VMware's KMIP library makes them. */
function itemId(counter: number): Buffer {
  const id = Buffer.from('QLKC\0\0\0\0', 'latin1');
  id.writeUInt32LE(counter, 4);
  return id;
}
