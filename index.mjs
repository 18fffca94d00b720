import api from './index.js';

export const { BusError, Metadata, RpcError, Server, connectBus, createClient, setLogger, status } = api;
export default api;
