import {
  isAtLeast,
  type ProtocolVersion,
  QueryFunction,
  type QueryResponse,
  queryFunctionVersions,
  RNGAlgorithm,
  Tag,
  V1_0,
  V1_4,
} from '@lib/kmip-protocol';

import { boolean, enumeration, item, structure } from '../attributes/ttlv-values';
import { OBJECT_TYPES } from '../kinds';
import { type ServerAnswer, type ServerFacts } from './handler';
import { KmipOperation, type ServerQuestionProvider } from './kmip-operation';

const VENDOR_IDENTIFICATION = 'KMIP for VMware';

type Answer = (response: QueryResponse, server: ServerFacts) => QueryResponse;

/** Adds what one Query Function asks for (KMIP 1.4 §4.25); functions we have nothing to say to add nothing. */
const answers: ReadonlyMap<number, Answer> = new Map<number, Answer>([
  [
    QueryFunction.QueryOperations,
    (response, { operations, version }) => ({ ...response, operations: operations.numbers(version) }),
  ],
  [QueryFunction.QueryObjects, (response) => ({ ...response, objectTypes: OBJECT_TYPES })],
  [QueryFunction.QueryServerInformation, (response) => ({ ...response, vendorIdentification: VENDOR_IDENTIFICATION })],
  [
    QueryFunction.QueryRNGs,
    (response) => ({
      ...response,
      other: [
        ...(response.other ?? []),
        // Keys are made by the tenant's key manager, which does not say how.
        item(Tag.RNGParameters, structure(item(Tag.RNGAlgorithm, enumeration(RNGAlgorithm.Unspecified)))),
      ],
    }),
  ],
  [
    QueryFunction.QueryCapabilities,
    (response, { version }) => ({ ...response, other: [...(response.other ?? []), capabilities(version)] }),
  ],
]);

function capabilities(version: ProtocolVersion) {
  const since13 = [
    item(Tag.StreamingCapability, boolean(false)),
    item(Tag.AsynchronousCapability, boolean(false)),
    item(Tag.AttestationCapability, boolean(false)),
  ];
  const since14 = [item(Tag.BatchUndoCapability, boolean(false)), item(Tag.BatchContinueCapability, boolean(true))];
  return item(Tag.CapabilityInformation, structure(...since13, ...(isAtLeast(version, V1_4) ? since14 : [])));
}

/** Query. Functions newer than the message are ignored: an old message cannot carry their answer. */
@KmipOperation('Query', { auditAction: 'vmware-solutions.kmip-server.query', concern: 'nothing' })
export class QueryOperation implements ServerQuestionProvider<'Query'> {
  readonly answer: ServerAnswer<'Query'> = ({ queryFunctions }, server) => {
    const { version } = server;
    // In ascending order, because the fields of the answer come in the order of the functions.
    const asked = [...new Set(queryFunctions)].sort((a, b) => a - b);
    return asked
      .filter((queryFunction) => isAtLeast(version, queryFunctionVersions.get(queryFunction) ?? V1_0))
      .reduce<QueryResponse>(
        (response, queryFunction) => answers.get(queryFunction)?.(response, server) ?? response,
        {},
      );
  };
}
