// SPDX-License-Identifier: Apache-2.0
// Certificates for DTLS. One is made once and used by every peer that does not ask for one of its own: making them is
// the slowest part of a connection.
import { X509Certificate } from 'node:crypto';
import { CipherContext } from 'werift';

const sha256WithEcdsa = { hash: 4, signature: 3 };
const secp256r1 = 23;
const made = new Map();

async function make() {
  const { certPem, keyPem, signatureHash } = await CipherContext.createSelfSignedCertificateWithKey(sha256WithEcdsa, secp256r1);
  return { cert: certPem, key: keyPem, signatureHash, fingerprint: `sha-256 ${new X509Certificate(certPem).fingerprint256}` };
}

/** The same name, the same certificate. */
export function certificate(name = 'usual') {
  if (!made.has(name)) made.set(name, make());
  return made.get(name);
}
