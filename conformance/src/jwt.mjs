// SPDX-License-Identifier: Apache-2.0
// Tokens as behaviour.md section 6 has them, minted from the key that the server was given.
import { createHmac, createPrivateKey, sign } from 'node:crypto';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function algorithmOf(key) {
  switch (key.asymmetricKeyType) {
    case 'rsa': return { alg: 'RS256', seal: (text) => sign('sha256', text, key) };
    case 'ec': return { alg: 'ES256', seal: (text) => sign('sha256', text, { key, dsaEncoding: 'ieee-p1363' }) };
    case 'ed25519': return { alg: 'EdDSA', seal: (text) => sign(null, text, key) };
    default: throw new Error(`a private key of type ${key.asymmetricKeyType} signs no token of the contract`);
  }
}

/**
 * A function that mints: claims → token.
 * @param {{secret?: string, kid?: string, privateKey?: string}} keys
 */
export function minter({ secret, kid, privateKey }) {
  if (!secret && !privateKey) return undefined;
  const { alg, seal } = privateKey
    ? algorithmOf(createPrivateKey(privateKey))
    : { alg: 'HS256', seal: (text) => createHmac('sha256', secret).update(text).digest() };
  return (claims, header = {}) => {
    const text = `${part({ alg, typ: 'JWT', ...(kid ? { kid } : {}), ...header })}.${part(claims)}`;
    return `${text}.${seal(Buffer.from(text)).toString('base64url')}`;
  };
}
