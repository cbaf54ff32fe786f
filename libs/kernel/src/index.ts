export * from './bounded-map';
export * from './client-keys';
export * from './clock';
export * from './errors';
export * from './ids';
export * from './leased-worker';
export * from './pasted-text';
export * from './secret';
