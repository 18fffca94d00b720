import api from './index.js';

export const { Metadata, RpcError, Server, createClient, setLogger, status } = api;
export default api;
