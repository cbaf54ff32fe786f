export * from './bulkhead';
export * from './circuit-breaker';
export * from './deadline';
export * from './retry-budget';
export * from './timing';
