export * from './daily-usage';
export * from './metering-record';
export * from './metering.ports';
export { recordUsage, UsageRecorder } from './usage-recorder';
export { UsageSender } from './usage-sender';
export * from './usage.ports';
