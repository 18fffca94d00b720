import api from './index.js';

export const { BusError, Metadata, RpcError, Server, TlsError, connectBus, createClient, reloadCredentials, setLogger, status } = api;
export default api;
