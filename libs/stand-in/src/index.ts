export { announce, urlOf } from './announcement';
export { FaultBoard } from './fault-board';
export { MovableClock, toTimestamp } from './movable-clock';
export { type RowChange, RowStore, within } from './row-store';
export { without } from './without';
