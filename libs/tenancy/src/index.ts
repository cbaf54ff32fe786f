export * from './instance';
export * from './root-key-binding';
