import api from './index.js';

export const { Metadata, RpcError, Server, createClient, status } = api;
export default api;
