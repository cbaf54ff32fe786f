import { FAULT_TYPES } from './types-of-faults';
import { INVENTORY_ENUMS, INVENTORY_TYPES } from './types-of-inventory';
import { KMIP_TYPES } from './types-of-kmip';
import { ENUMS, SERVICE_TYPES } from './types-of-service';
import { VSAN_TYPES } from './types-of-vsan';
import { TypeTable } from './type-table';

const DECLARATIONS = [KMIP_TYPES, SERVICE_TYPES, FAULT_TYPES, ...INVENTORY_TYPES];
const ALL_ENUMS = { ...ENUMS, ...INVENTORY_ENUMS };

export const VIM25 = new TypeTable(DECLARATIONS, ALL_ENUMS);

/** What vSAN's own interface knows beside it; nothing of that is in the JSON API of 8.0. */
export const VSAN = new TypeTable([...DECLARATIONS, VSAN_TYPES], ALL_ENUMS);

export const ENUM_NAMES: readonly string[] = Object.keys(ALL_ENUMS);
