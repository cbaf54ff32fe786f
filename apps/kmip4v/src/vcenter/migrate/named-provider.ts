import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { type Inventory, isComplete, referencesTo } from '../inventory/inventory';

/**
 * That the provider to be left is there, or something names it still: nothing needs one whose name was mistyped, and that
 * would read as a proof. Where something could not be looked at there is no proof, and it may be what names it.
 * @throws CommandFault
 */
export function demandProviderToLeave(inventory: Inventory, from: string, providers: readonly string[]): void {
  if (providers.includes(from) || referencesTo(inventory, from).length > 0 || !isComplete(inventory)) return;
  throw new CommandFault(
    EXIT.notFound,
    `vCenter has no key provider ${from}, and nothing in it names one`,
    `look at the spelling: it has ${providers.join(', ')}`,
  );
}
