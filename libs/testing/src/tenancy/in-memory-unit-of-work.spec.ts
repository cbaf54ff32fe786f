import { InMemoryRegion } from '../region/in-memory-region';
import { InMemoryRegionDirectory } from './in-memory-region-directory';
import { InMemoryUnitOfWork } from './in-memory-unit-of-work';
import { describeTenancyContract } from './tenancy.contract';

describeTenancyContract('InMemoryUnitOfWork', () => {
  const region = new InMemoryRegion();
  return {
    unitOfWork: new InMemoryUnitOfWork(region),
    directory: new InMemoryRegionDirectory(region),
    storeOf: (instanceId) => region.storeOf(instanceId),
    recorded: (instanceId) => Promise.resolve(region.recorded(instanceId)),
    notices: (instanceId) => Promise.resolve(region.notices.filter((id) => id === instanceId).length),
  };
});
