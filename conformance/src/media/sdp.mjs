// SPDX-License-Identifier: Apache-2.0
// Descriptions written and read as texts: a case decides each line.

const crlf = (lines) => lines.map((line) => `${line}\r\n`).join('');

export const midExtension = 'urn:ietf:params:rtp-hdrext:sdes:mid';
export const ridExtension = 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id';

/** @typedef {{kind: 'audio'|'video', mid?: string, payloadType?: number, codec?: string, direction?: string, ssrc?: number,
 *   rids?: string[], port?: number, fmtp?: string, more?: string[], protocol?: string}} Line */

export const opus = { kind: 'audio', mid: '0', payloadType: 111, codec: 'opus/48000/2', clock: 48_000 };
export const vp8 = { kind: 'video', mid: '1', payloadType: 96, codec: 'VP8/90000', clock: 90_000 };
export const h264 = { ...vp8, payloadType: 102, codec: 'H264/90000', fmtp: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f' };

function mediaLine(line, { ufrag, pwd, fingerprint, setup }) {
  const { kind, mid, payloadType, codec, direction = 'sendonly', ssrc, rids, port = 9, fmtp, more = [], protocol = 'UDP/TLS/RTP/SAVPF' } = line;
  return [
    `m=${kind} ${port} ${protocol} ${payloadType}`,
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    ...(ufrag ? [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${pwd}`, 'a=ice-options:trickle'] : []),
    ...(fingerprint ? [`a=fingerprint:${fingerprint}`] : []),
    `a=setup:${setup}`,
    `a=mid:${mid}`,
    ...(rids ? [`a=extmap:4 ${midExtension}`, `a=extmap:10 ${ridExtension}`] : []),
    `a=${direction}`,
    'a=rtcp-mux',
    `a=rtpmap:${payloadType} ${codec}`,
    ...(kind === 'video' ? ['nack', 'nack pli', 'ccm fir'].map((type) => `a=rtcp-fb:${payloadType} ${type}`) : []),
    ...(fmtp ? [`a=fmtp:${payloadType} ${fmtp}`] : []),
    ...(rids ? [...rids.map((rid) => `a=rid:${rid} send`), `a=simulcast:send ${rids.join(';')}`] : []),
    ...(ssrc && !rids ? [`a=ssrc:${ssrc} cname:conformance`] : []),
    ...more,
  ];
}

/** An offer of those lines, as RFC 8829 would have it, bundled. */
export function offer(lines, transport) {
  const mids = lines.filter(({ port }) => port !== 0).map(({ mid }) => mid);
  return crlf([
    'v=0', `o=- ${transport.session ?? 4_711} ${transport.version ?? 2} IN IP4 127.0.0.1`, 's=-', 't=0 0',
    ...(mids.length ? [`a=group:BUNDLE ${mids.join(' ')}`] : []),
    ...lines.flatMap((line) => mediaLine(line, { setup: 'actpass', ...transport })),
  ]);
}

/** @returns {{lines: string[], media: {kind: string, port: number, formats: string[], lines: string[]}[]}} */
export function parse(sdp) {
  const lines = sdp.split(/\r?\n/).filter((line) => line !== '');
  const media = [];
  const session = [];
  for (const line of lines) {
    if (line.startsWith('m=')) {
      const [kind, port, protocol, ...formats] = line.slice(2).split(' ');
      media.push({ kind, port: Number(port), protocol, formats, lines: [line] });
    } else {
      (media.at(-1)?.lines ?? session).push(line);
    }
  }
  return { lines: session, media };
}

/** The value of `a=name:value`, of a line or else of the session; undefined without one. */
export function attribute(description, name, section = description.media.find(({ port }) => port !== 0)) {
  const prefix = `a=${name}:`;
  const found = [...(section?.lines ?? []), ...description.lines].find((line) => line.startsWith(prefix));
  return found?.slice(prefix.length);
}

/** Whether a flag such as `a=ice-lite` stands in the line or in the session. */
export const has = (description, line, section) => [...(section?.lines ?? []), ...description.lines].includes(line);

export const directions = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];
/** Without one: sendrecv (RFC 8866 section 6.7). */
export const direction = (section) => directions.find((name) => section.lines.includes(`a=${name}`)) ?? 'sendrecv';

export function candidates(description) {
  return [...new Set([...description.lines, ...description.media.flatMap(({ lines }) => lines)].filter((line) => line.startsWith('a=candidate:')))]
    .map((line) => {
      const [foundation, component, transport, priority, address, port, , type] = line.slice('a=candidate:'.length).split(' ');
      return { foundation, component: Number(component), transport: transport.toLowerCase(), priority: Number(priority), address, port: Number(port), type };
    });
}

/** A viewer's answer to an offer of the server: it takes every line but those of `refused` kinds. */
export function answer(offered, { ufrag, pwd, fingerprint, setup = 'active', refused = [] }) {
  const description = parse(offered);
  const taken = description.media.filter(({ kind, port }) => port !== 0 && !refused.includes(kind));
  const mids = taken.map((section) => attribute(description, 'mid', section));
  const keep = /^a=(mid|rtpmap|fmtp|rtcp-fb|extmap|rtcp-mux)/;
  const section = (media) => {
    const off = !taken.includes(media);
    const first = `m=${media.kind} ${off ? 0 : 9} ${media.protocol} ${media.formats.join(' ')}`;
    const transport = off ? [] : [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${pwd}`, `a=fingerprint:${fingerprint}`, `a=setup:${setup}`];
    return [first, 'c=IN IP4 0.0.0.0', ...transport, off ? 'a=inactive' : 'a=recvonly', ...media.lines.filter((line) => keep.test(line))];
  };
  return crlf(['v=0', 'o=- 815 2 IN IP4 127.0.0.1', 's=-', 't=0 0', ...(mids.length ? [`a=group:BUNDLE ${mids.join(' ')}`] : []), ...description.media.flatMap(section)]);
}
