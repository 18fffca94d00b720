import api from './index.js';

export const {
  AbortController,
  BusError,
  Metadata,
  RpcError,
  Server,
  TlsError,
  connectBus,
  createClient,
  currentTrace,
  metrics,
  reloadCredentials,
  serveMetrics,
  setLogger,
  setMaxBufferedBytes,
  setTracing,
  startRegistry,
  status,
  withTrace,
} = api;
export default api;
