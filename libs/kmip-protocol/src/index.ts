export * from './messages/message.types';
export * from './ttlv/ttlv.types';
