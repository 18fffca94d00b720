// The same names for `import`, which loads index.mjs.

import * as api from './index.js';

export * from './index.js';
export default api;
