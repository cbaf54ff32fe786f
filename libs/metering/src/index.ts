export * from './daily-usage';
export * from './metering-record';
export { recordUsage, UsageRecorder } from './usage-recorder';
export { UsageSender } from './usage-sender';
export * from './usage.ports';
