export { type HealthPort, HealthServer, HealthServerError, type HealthServerOptions } from './health-server';
export { LogDestination, processLog } from './log-destination';
export * from './logger';
export * from './metrics';
export * from './process-life';
export { toPrintable } from './printable';
export { SummedMetrics } from './summed-metrics';
export { warningsOf } from './warnings';
export { type DependencyStatus, type ReadinessCheck } from './readiness';
