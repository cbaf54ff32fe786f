import { FAULT_TYPES } from './types-of-faults';
import { INVENTORY_ENUMS, INVENTORY_TYPES } from './types-of-inventory';
import { KMIP_TYPES } from './types-of-kmip';
import { ENUMS, SERVICE_TYPES } from './types-of-service';
import { TypeTable } from './type-table';

export const VIM25 = new TypeTable([KMIP_TYPES, SERVICE_TYPES, FAULT_TYPES, ...INVENTORY_TYPES], {
  ...ENUMS,
  ...INVENTORY_ENUMS,
});

export const ENUM_NAMES: readonly string[] = Object.keys({ ...ENUMS, ...INVENTORY_ENUMS });
