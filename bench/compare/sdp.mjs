// SPDX-License-Identifier: Apache-2.0
// As much of SDP as lies between what heliograph-load says and the parameters that mediasoup speaks in. Both ends are
// known programs, so that nothing here is ready for the SDP of others.

const numbers = (text) => text.split(' ').map(Number);

// The values of all `a=name:value` lines, in order.
function values(lines, name) {
  const start = `a=${name}:`;
  return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
}

function parseFmtp(text) {
  const pairs = text.split(';').map((pair) => pair.trim().split('='));
  const isNumber = ([key, value]) => /^\d+$/.test(value) && key !== 'profile-level-id'; // six hexadecimal digits
  return Object.fromEntries(pairs.map(([key, value]) => [key, isNumber([key, value]) ? Number(value) : value]));
}

// [payload type, rest] of "111 opus/48000/2".
function splitType(text) {
  const space = text.indexOf(' ');
  return [Number(text.slice(0, space)), text.slice(space + 1)];
}

function parseCodecs(kind, lines) {
  const parameters = new Map(values(lines, 'fmtp').map((text) => splitType(text)));
  const feedback = values(lines, 'rtcp-fb').map((text) => splitType(text));
  return values(lines, 'rtpmap').map((text) => {
    const [payloadType, map] = splitType(text);
    const [name, clockRate, channels] = map.split('/');
    return {
      mimeType: `${kind}/${name}`,
      payloadType,
      clockRate: Number(clockRate),
      ...(channels && { channels: Number(channels) }),
      parameters: parseFmtp(parameters.get(payloadType) ?? ''),
      rtcpFeedback: feedback
        .filter(([type]) => type === payloadType)
        .map(([, value]) => ({ type: value.split(' ')[0], parameter: value.split(' ').slice(1).join(' ') })),
    };
  });
}

function parseEncodings(lines) {
  const group = values(lines, 'ssrc-group').find((text) => text.startsWith('FID '));
  const [ssrc, rtx] = group ? numbers(group.slice(4)) : [parseInt(values(lines, 'ssrc')[0], 10)];
  return ssrc ? [{ ssrc, ...(rtx && { rtx: { ssrc: rtx } }) }] : [];
}

function parseMedia(lines) {
  const kind = /^m=(\w+)/.exec(lines[0])[1];
  const cname = /cname:(.+)/.exec(values(lines, 'ssrc').find((text) => text.includes('cname:')) ?? '');
  return {
    kind,
    mid: values(lines, 'mid')[0],
    codecs: parseCodecs(kind, lines),
    headerExtensions: values(lines, 'extmap').map((text) => ({ id: parseInt(text, 10), uri: text.split(' ')[1] })),
    encodings: parseEncodings(lines),
    rtcp: { ...(cname && { cname: cname[1] }), reducedSize: true },
  };
}

// {ice, dtls, medias} of a description; every line of it shares one transport.
export function parse(sdp) {
  const lines = sdp.split(/\r?\n/);
  const starts = lines.flatMap((line, i) => (line.startsWith('m=') ? [i] : []));
  const [algorithm, value] = values(lines, 'fingerprint')[0].split(' ');
  return {
    ice: { usernameFragment: values(lines, 'ice-ufrag')[0], password: values(lines, 'ice-pwd')[0] },
    dtls: { setup: values(lines, 'setup')[0], fingerprints: [{ algorithm, value }] },
    medias: starts.map((start, i) => parseMedia(lines.slice(start, starts[i + 1]))),
  };
}

function codecLines({ mimeType, payloadType, clockRate, channels, parameters, rtcpFeedback }) {
  const fmtp = Object.entries(parameters ?? {}).map(([key, value]) => `${key}=${value}`);
  return [
    `a=rtpmap:${payloadType} ${mimeType.split('/')[1]}/${clockRate}${channels > 1 ? `/${channels}` : ''}`,
    ...(fmtp.length ? [`a=fmtp:${payloadType} ${fmtp.join(';')}`] : []),
    ...(rtcpFeedback ?? []).map((f) => `a=rtcp-fb:${payloadType} ${f.type}${f.parameter ? ` ${f.parameter}` : ''}`),
  ];
}

function sourceLines({ encodings, rtcp }) {
  return encodings.flatMap(({ ssrc, rtx }) => [
    ...(rtx ? [`a=ssrc-group:FID ${ssrc} ${rtx.ssrc}`] : []),
    ...[ssrc, rtx?.ssrc].filter(Boolean).map((source) => `a=ssrc:${source} cname:${rtcp?.cname ?? 'compare'}`),
  ]);
}

function transportLines({ iceParameters, iceCandidates, dtlsParameters }, setup) {
  const print = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
  return [
    `a=ice-ufrag:${iceParameters.usernameFragment}`,
    `a=ice-pwd:${iceParameters.password}`,
    `a=fingerprint:${print.algorithm} ${print.value}`,
    `a=setup:${setup}`,
    ...iceCandidates.map(
      (c) => `a=candidate:${c.foundation} 1 ${c.protocol} ${c.priority} ${c.ip} ${c.port} typ ${c.type}`,
    ),
    'a=end-of-candidates',
  ];
}

// The description of a transport of mediasoup with its lines (as parse() gives them). Lines that are received have no
// SSRC of ours.
export function print(transport, medias, { setup, direction }) {
  const lines = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=ice-lite'];
  lines.push(`a=group:BUNDLE ${medias.map((m) => m.mid).join(' ')}`);
  for (const media of medias)
    lines.push(
      `m=${media.kind} 9 UDP/TLS/RTP/SAVPF ${media.codecs.map((c) => c.payloadType).join(' ')}`,
      'c=IN IP4 0.0.0.0',
      `a=mid:${media.mid}`,
      `a=${direction}`,
      'a=rtcp-mux',
      'a=rtcp-rsize',
      ...transportLines(transport, setup),
      ...media.codecs.flatMap(codecLines),
      ...media.headerExtensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`),
      ...(direction === 'sendonly' ? sourceLines(media) : []),
    );
  return lines.join('\r\n') + '\r\n';
}
