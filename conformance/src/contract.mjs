// SPDX-License-Identifier: Apache-2.0
// The contract as a table: signals, where they exist, their closed sets of codes (B-6 and behaviour.md section 5).

export const names = {
  500: 'INTERNAL_SERVER_ERROR', 2001: 'INVALID_SIGNAL', 2002: 'UNSUPPORTED_CHANNEL', 4001: 'ROOM_NOT_FOUND', 4002: 'NOT_ROOM_MEMBER',
  4003: 'RECIPIENT_NOT_MEMBER', 4022: 'ALREADY_EXIST_ROOM', 4023: 'ALREADY_IS_PUBLISHER', 4024: 'USER_LEFT', 4025: 'ROOM_FULL',
  4051: 'PERMISSION_NOT_FOUND', 4052: 'UNAUTHORIZED', 4053: 'BANNED',
};

const all = ['m2m', 'a2m', 'p2p'];
const media = ['m2m', 'a2m'];

export const signals = {
  OFFER: { action: 'offer', rooms: all, codes: [500, 2001, 2002, 4001, 4003, 4051] },
  ANSWER: { action: 'answer', rooms: all, codes: [500, 2001, 2002, 4001, 4003, 4024] },
  ICE: { action: 'iceCandidate', rooms: all, codes: [500, 2001, 2002, 4001, 4003] },
  WATCH: { action: 'watch', rooms: media, codes: [500, 2001, 2002, 4001, 4024] },
  JOIN: { action: 'join', rooms: all, codes: [500, 2001, 2002, 4001, 4022, 4025, 4052, 4053] },
  LEAVE: { action: 'leave', rooms: all, codes: [500, 2001, 2002, 4001] },
  HEARTBEAT: { action: 'heartbeat', rooms: all, codes: [500, 2001, 4001] },
  UPDATE: { action: 'updateVideo', rooms: all, codes: [500, 2001, 2002, 4001, 4051] },
  UNPUBLISH: { action: 'unpublish', rooms: media, codes: [500, 2001, 2002, 4001, 4051] },
  UNWATCH: { action: 'unwatch', rooms: media, codes: [500, 2001, 2002, 4001] },
  SIMULCAST_UPDATE: { action: 'simulcastUpdate', rooms: ['m2m'], codes: [500, 2001, 2002, 4001, 4024] },
  KICK: { action: 'kick', rooms: media, codes: [500, 2001, 2002, 4001, 4002, 4051] },
  PUBLISH_REQUEST: { action: 'publishRequest', rooms: media, codes: [500, 2001, 2002, 4001, 4023] },
  PUBLISH_ACCEPT: { action: 'publishAccept', rooms: media, codes: [500, 2001, 2002, 4001, 4002, 4025, 4051] },
  PUBLISH_REJECT: { action: 'publishReject', rooms: media, codes: [500, 2001, 2002, 4001, 4002, 4025, 4051] },
  ICE_SERVERS: { action: 'iceServers', rooms: all, codes: [500, 2001, 4001] },
};

export const pushes = ['PUBLISH_LIST_CHANGED', 'MEMBER_LIST_CHANGED', 'KICKED', 'ROOM_CLOSED', 'SESSION_REPLACED', 'KEEP_ALIVE', 'HLS_STATE'];
export const roomTypes = all;

/** All clauses that behaviour.md has. */
export const clauses = [
  ...range(1, 17), ...range(20, 26), ...range(30, 34), ...range(40, 42), ...range(50, 61),
].map((number) => `B-${number}`);

function range(from, to) {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Milliseconds. `--clock` overrides them for a server that was configured with others. */
export const clock = {
  heartbeat: 10_000, // B-13: a heartbeat is young for this long
  heartbeatInterval: 3_000, // told in the JOIN ack
  grace: 10_000, // B-13, B-56
  left: 60_000, // B-16
  emptyRoom: 60_000, // B-17
  identicalOffer: 15_000, // B-9
  uplinkConnect: 15_000, // B-26
  heldWatch: 3_000, // B-32
  sameOffer: 15_000, // B-33
  unanswered: 30_000, // B-33
  held: 10_000, // B-42
  silent: 30_000, // B-3, B-56
  tokenWait: 10_000, // B-59
  tokenLeeway: 30_000, // how long after exp a token may still be taken (RFC 7519 section 4.1.4)
  keepAlive: 300_000, // section 5
};
