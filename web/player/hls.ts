// SPDX-License-Identifier: Apache-2.0
/** hls.js as a file of its own: fetched only where somebody watches by HLS, and their browser cannot do it alone. */
export { default } from 'hls.js';
