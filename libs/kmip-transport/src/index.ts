export { addressGroup, AddressList, plainAddress } from './addresses';
export {
  type Admission,
  CLOSE_REASONS,
  type CloseReason,
  HANDSHAKE_FAILURES,
  type HandshakeFailure,
  type KmipAnswer,
  type KmipConnectionHandler,
  type TransportObserver,
} from './handler';
export { KmipListener, type KmipListenerOptions } from './kmip-listener';
export {
  DEFAULT_TRANSPORT_LIMITS,
  TRANSPORT_LIMIT_NAMES,
  type TransportLimitName,
  type TransportLimits,
} from './limits';
export { type PeerCertificate, type PeerDescription } from './peer';
export { type ListenerCertificate } from './tls-settings';
export { TransportError } from './transport.error';
