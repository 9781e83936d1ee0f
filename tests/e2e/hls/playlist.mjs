// SPDX-License-Identifier: Apache-2.0
// Reading HLS playlists (RFC 8216, draft-pantos-hls-rfc8216bis), strictly: what is not understood is an error.

/** `A=1,B="x,y"` → {A: '1', B: 'x,y'} */
export function attributes(text) {
  const found = {};
  let rest = text;
  while (rest !== '') {
    const match = /^([A-Z0-9-]+)=("[^"\n]*"|[^",\n]*)(?:,|$)/.exec(rest);
    if (!match) throw new Error(`not an attribute list: ${text}`);
    if (match[1] in found) throw new Error(`attribute ${match[1]} twice: ${text}`);
    found[match[1]] = match[2].startsWith('"') ? match[2].slice(1, -1) : match[2];
    rest = rest.slice(match[0].length);
  }
  return found;
}

function lines(text) {
  if (!text.startsWith('#EXTM3U\n')) throw new Error('a playlist begins with #EXTM3U');
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  return text.split('\n').slice(1, -1).filter((line) => line !== '' && !(line.startsWith('#') && !line.startsWith('#EXT')));
}

/** {version, variants: [{uri, …attributes}], media: [attributes], independent} */
export function parseMultivariant(text) {
  const list = { variants: [], media: [], independent: false, version: 1 };
  let stream;
  for (const line of lines(text)) {
    const [, tag, value] = /^#(EXT[A-Z0-9-]+)(?::(.*))?$/.exec(line) ?? [];
    if (tag === undefined) {
      if (!stream) throw new Error(`a URI without EXT-X-STREAM-INF: ${line}`);
      list.variants.push({ ...stream, uri: line });
      stream = undefined;
    } else if (tag === 'EXT-X-STREAM-INF') stream = attributes(value);
    else if (tag === 'EXT-X-MEDIA') list.media.push(attributes(value));
    else if (tag === 'EXT-X-INDEPENDENT-SEGMENTS') list.independent = true;
    else if (tag === 'EXT-X-VERSION') list.version = Number(value);
    else throw new Error(`unexpected in a multivariant playlist: ${line}`);
  }
  if (stream) throw new Error('EXT-X-STREAM-INF without a URI');
  return list;
}

const seconds = (text) => {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Error(`not a number of seconds: ${text}`);
  return Number(text);
};

/**
 * {version, target, part, server, mediaSequence, discontinuitySequence, independent, ended, hint, reports, skipped,
 *  segments: [{msn, uri, duration, at, map, discontinuity, parts: [{uri, duration, independent}], whole}]}
 * The last segment may be a beginning: parts and no URI (`whole` false). `at`: EXT-X-PROGRAM-DATE-TIME, ms since 1970.
 * Of a delta update the skipped segments are not among `segments`.
 */
export function parseMedia(text) {
  const list = { version: 1, mediaSequence: 0, discontinuitySequence: 0, independent: false, ended: false, reports: [], skipped: 0, segments: [] };
  const begin = (map) => ({ parts: [], map, discontinuity: false, whole: false });
  let now = begin();
  let msn;
  const close = (uri) => {
    list.segments.push({ ...now, msn, uri, whole: uri !== undefined });
    msn += 1;
    now = begin(now.map);
  };
  for (const line of lines(text)) {
    const [, tag, value] = /^#(EXT[A-Z0-9-]+)(?::(.*))?$/.exec(line) ?? [];
    msn ??= tag === undefined || /^(EXTINF|EXT-X-(PART|SKIP|MAP|DISCONTINUITY|PROGRAM-DATE-TIME))$/.test(tag) ? list.mediaSequence : undefined;
    switch (tag) {
      case undefined:
        if (now.duration === undefined) throw new Error(`a segment without EXTINF: ${line}`);
        close(line);
        break;
      case 'EXT-X-VERSION': list.version = Number(value); break;
      case 'EXT-X-TARGETDURATION': list.target = Number(value); break;
      case 'EXT-X-PART-INF': list.part = seconds(attributes(value)['PART-TARGET']); break;
      case 'EXT-X-SERVER-CONTROL': list.server = attributes(value); break;
      case 'EXT-X-MEDIA-SEQUENCE': list.mediaSequence = Number(value); break;
      case 'EXT-X-DISCONTINUITY-SEQUENCE': list.discontinuitySequence = Number(value); break;
      case 'EXT-X-INDEPENDENT-SEGMENTS': list.independent = true; break;
      case 'EXT-X-ENDLIST': list.ended = true; break;
      case 'EXT-X-SKIP':
        list.skipped = Number(attributes(value)['SKIPPED-SEGMENTS']);
        msn += list.skipped;
        break;
      case 'EXT-X-MAP': now.map = attributes(value).URI; break;
      case 'EXT-X-DISCONTINUITY': now.discontinuity = true; break;
      case 'EXT-X-PROGRAM-DATE-TIME': {
        now.at = Date.parse(value);
        if (Number.isNaN(now.at)) throw new Error(`not a date: ${value}`);
        break;
      }
      case 'EXTINF': now.duration = seconds(value.split(',')[0]); break;
      case 'EXT-X-PART': {
        const part = attributes(value);
        now.parts.push({ uri: part.URI, duration: seconds(part.DURATION), independent: part.INDEPENDENT === 'YES', gap: part.GAP === 'YES' });
        break;
      }
      case 'EXT-X-PRELOAD-HINT': {
        if (list.hint) throw new Error('two preload hints');
        list.hint = attributes(value);
        break;
      }
      case 'EXT-X-RENDITION-REPORT': list.reports.push(attributes(value)); break;
      default: throw new Error(`unexpected in a media playlist: ${line}`);
    }
  }
  msn ??= list.mediaSequence;
  if (now.duration !== undefined) throw new Error('EXTINF without a URI');
  if (now.parts.length > 0) close();
  return list;
}
