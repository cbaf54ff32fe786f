import { type InstanceId } from '@lib/kernel';

import { type Listing, type RegionDirectory } from '../ports';

/** Instances of one step: what else the process does waits for no more than one. */
const STEP = 500;

/** All of the region, step by step, so that its rows are never in memory as a whole. */
export async function* listingsOf(directory: Pick<RegionDirectory, 'nextListing'>): AsyncGenerator<Listing> {
  let after: InstanceId | undefined;
  do {
    const { last, ...listing } = await directory.nextListing({ limit: STEP, ...(after && { after }) });
    yield listing;
    after = last;
  } while (after !== undefined);
}
