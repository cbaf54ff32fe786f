export * from './tenant-api';
export * from './tenant-api.error';
export { type components, type paths } from './schema';
