import { type KeyDraft, readKeyDraft } from '../attributes/key-draft';
import { fail } from '../failures/operation-failure';
import { requireKind } from '../kinds';
import { LIVE_STATES } from '../lifecycle';
import { CREATE_NAMES } from '../limits';
import { type OperationContext } from '../operation-context';
import { type Handler } from './handler';
import { KmipOperation, type OperationProvider } from './kmip-operation';

/** Early and only for a better answer: completing the intent checks again, under the catalog's own lock. */
async function requireNamesFree({ scope, now }: OperationContext, { attributes }: KeyDraft): Promise<void> {
  for (const { name, value } of attributes) {
    if (name !== 'Name') continue;
    const filter = { attributes: [{ name, value }], states: LIVE_STATES, asOf: now, limit: 1, offset: 0 };
    const { uniqueIdentifiers } = await scope.store.locate(filter);
    if (uniqueIdentifiers.length > 0) fail('create_name_taken');
  }
}

/** Create (KMIP 1.4 §4.1), of the kinds that say how. */
@KmipOperation('Create', { auditAction: 'vmware-solutions.kmip-key.create', concern: 'births', changes: true })
export class CreateOperation implements OperationProvider<'Create'> {
  readonly run: Handler<'Create'> = async ({ objectType, templateAttribute }, context) => {
    const draft = readKeyDraft(requireKind(objectType), templateAttribute, context.version);
    if (draft.attributes.filter(({ name }) => name === 'Name').length > CREATE_NAMES) fail('create_names');
    await requireNamesFree(context, draft);
    const { uniqueIdentifier } = await context.custodian.birth.create(context, draft);
    context.placeholder.set(uniqueIdentifier);
    return { objectType, uniqueIdentifier };
  };
}
