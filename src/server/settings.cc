// SPDX-License-Identifier: Apache-2.0
#include "server/settings.h"

#include <algorithm>

#include "base/socket_address.h"
#include "gateway/listen_address.h"
#include "server/client_address.h"
#include "shard/crossing.h"
#include "token/keys.h"

namespace heliograph::server {
namespace {

using base::Duration;

bool is_listen_address(std::string_view text) { return gateway::ListenAddress::parse(text).has_value(); }
constexpr const char* kListenAddress = "a host and a port, such as 127.0.0.1:8080 or [::1]:8080";
bool is_ip(std::string_view text) { return base::IpAddress::parse(text).has_value(); }
bool is_range(std::string_view text) { return AddressRange::parse(text).has_value(); }
bool is_something(std::string_view text) { return !text.empty(); }

// RFC 6454 section 6.2: no path, so no slash at the end, which would never match.
bool is_origin(std::string_view text) {
  const auto host = text.find("://");
  return text == "*" || text == "null" ||
         (host != text.npos && host > 0 && host + 3 < text.size() && text.find('/', host + 3) == text.npos);
}

bool is_named(std::string_view text, size_t least) {
  const auto colon = text.find(':');
  return colon != text.npos && colon > 0 && colon <= token::kMaxKid && text.size() - colon - 1 >= least;
}
constexpr const char* kNamedSecret = "a key id, a colon and a secret of 16 bytes or more";
bool is_named_secret(std::string_view text) { return is_named(text, token::kMinSecret); }
bool is_named_file(std::string_view text) { return is_named(text, 1); }

// "/hls/…" is put behind it.
bool is_url(std::string_view text) {
  const auto host = text.find("://") + 3;
  return (text.starts_with("https://") || text.starts_with("http://")) && host < text.size() && text[host] != '/' &&
         !text.ends_with('/') && text.find_first_of("?# ") == text.npos;
}

bool is_stun(std::string_view text) { return text.starts_with("stun:") || text.starts_with("stuns:"); }
bool is_turn(std::string_view text) { return text.starts_with("turn:") || text.starts_with("turns:"); }

constexpr std::string_view kHttp = "HTTP and WebSocket", kTokens = "Tokens", kMedia = "Media", kRooms = "Rooms",
                           kHls = "HLS", kOperation = "Operation";
constexpr int64_t kMaxShards = shard::kMaxEnds - 1;  // the packager of HLS is the last one
constexpr Duration kSomeTime = Duration::millis(1), kNoTime;

const auto kSettings = std::to_array<Setting>({
    {kHttp, "listen", List{&Options::listen, is_listen_address, kListenAddress},
     "Addresses for the page, the API and WebSockets: host:port, IPv6 in brackets. Anything but loopback needs dev = "
     "true as long as no keys for tokens are configured."},
    {kHttp, "tls_cert", Text{&Options::tls_cert},
     "PEM file with the certificate chain for every listen address. Empty: plain HTTP, for a proxy that does TLS, or "
     "for loopback."},
    {kHttp, "tls_key", Text{&Options::tls_key}, "PEM file with the private key of tls_cert."},
    {kHttp, "max_connections", Number{&Options::max_connections, 1, 1'000'000},
     "TCP connections at a time; the next one is closed at once."},
    {kHttp, "connections_per_address", Number{&Options::connections_per_address, 0, 1'000'000},
     "WebSockets at a time from one IPv4 address or IPv6 /64; the next one is answered 429. 0: any number."},
    {kHttp, "connection_rate_per_address", Number{&Options::connection_rate_per_address, 0, 1'000'000},
     "New WebSockets a second from one address, over the burst; faster ones are answered 429. 0: any number."},
    {kHttp, "connection_burst_per_address", Number{&Options::connection_burst_per_address, 1, 1'000'000},
     "New WebSockets from one address at once."},
    {kHttp, "allowed_origins",
     List{&Options::allowed_origins, is_origin, "an origin such as https://*.example.org, or *"},
     "Pages that may open a WebSocket, as browsers name them in Origin; * stands for any run of "
     "characters. The server's own page always may, and so may what is no browser. Empty: any page."},
    {kHttp, "trusted_proxies", List{&Options::trusted_proxies, is_range, "an IP address or a range such as 10.0.0.0/8"},
     "Proxies in front of the server whose X-Forwarded-For says where a client comes from. Empty: none."},
    {kHttp, "ping_interval", Span{&Options::ping_interval, kSomeTime},
     "How often a WebSocket is asked for a sign of life."},
    {kHttp, "silence_timeout", Span{&Options::silence_timeout, kSomeTime},
     "A WebSocket on which nothing came for this long is closed."},

    {kTokens, "token_secrets", List{&Options::token_secrets, is_named_secret, kNamedSecret, true},
     "Secrets of tokens that are signed with HS256, each as kid:secret, of 32 bytes or more; the kid in a token's "
     "header "
     "chooses. With a key of any kind here nobody is let in without a token."},
    {kTokens, "token_secret_files", List{&Options::token_secret_files, is_named_file, "a key id, a colon and a file"},
     "The same as kid:file, where the file holds the secret; a line end at its end is left out."},
    {kTokens, "token_public_keys", List{&Options::token_public_keys, is_something, "a file"},
     "PEM files, each with a public key or a certificate, for tokens signed with RS256, ES256 or EdDSA."},
    {kTokens, "token_jwks", Text{&Options::token_jwks},
     "JWK Set file with public keys for the same; the kid chooses. All files of keys are read again when they change."},
    {kTokens, "token_issuer", Text{&Options::token_issuer}, "What iss of every token must be. Empty: anything."},
    {kTokens, "token_audience", Text{&Options::token_audience},
     "What aud of every token must name. Empty: anything; set it where the same keys sign tokens for other services."},

    {kMedia, "udp_port", Number{&Options::udp_port, 1, 65'535},
     "UDP port of the first shard; each further shard has the next one."},
    {kMedia, "bind_ip", List{&Options::bind_ip, is_ip, "an IP address"},
     "Local addresses for media. Empty: every address of this machine."},
    {kMedia, "announce_ip", List{&Options::announce_ip, is_ip, "an IP address"},
     "Addresses told to clients instead of the local ones, where the server is behind NAT."},
    {kMedia, "shards", Number{&Options::shards, 0, kMaxShards},
     "Threads for media, each with a UDP port; 63 at most. 0: one for each core."},
    {kMedia, "crypto", CryptoLibrary{&Options::crypto},
     "What encrypts packets: ipsec-mb (intel-ipsec-mb, x86-64 with AES-NI), several times as fast as openssl, which is "
     "everywhere; auto: the faster one that this machine has."},

    {kMedia, "stun_urls", List{&Options::stun_urls, is_stun, "a stun: or stuns: URL"},
     "STUN servers told to clients, such as stun:stun.example.org:3478."},
    {kMedia, "turn_urls", List{&Options::turn_urls, is_turn, "a turn: or turns: URL"},
     "TURN servers told to clients, such as turn:turn.example.org:3478?transport=udp; they need turn_secret."},
    {kMedia, "turn_secret", Text{&Options::turn_secret, true},
     "The secret shared with the TURN servers (coturn: use-auth-secret, static-auth-secret)."},
    {kMedia, "turn_secret_file", Text{&Options::turn_secret_file}, "The same, in a file."},
    {kMedia, "turn_ttl", Span{&Options::turn_ttl, Duration::seconds(60)}, "How long a TURN credential is good."},

    {kRooms, "max_rooms", Number{&Options::max_rooms, 1, 10'000'000}, "Rooms at a time."},
    {kRooms, "room_max_publishers", Number{&Options::room_max_publishers, 1, 1'000},
     "Users who may publish in one group room."},
    {kRooms, "room_max_sessions", Number{&Options::room_max_sessions, 1, 1'000'000}, "Sessions in one room."},
    {kRooms, "user_max_sessions", Number{&Options::user_max_sessions, 1, 1'000},
     "Sessions of one user in one room: devices, and screens that are shared."},
    {kRooms, "messages_per_second", Number{&Options::messages_per_second, 0, 1'000'000},
     "Messages a second from one user, over the burst; what comes faster is answered 500 with retryAfter. 0: any "
     "number."},
    {kRooms, "messages_burst", Number{&Options::messages_burst, 1, 1'000'000}, "Messages from one user at once."},
    {kRooms, "address_messages_per_second", Number{&Options::address_messages_per_second, 0, 1'000'000},
     "The same by address, of connections without a user. 0: any number."},
    {kRooms, "address_messages_burst", Number{&Options::address_messages_burst, 1, 1'000'000}, "The same by address."},
    {kRooms, "room_empty_timeout", Span{&Options::room_empty_timeout, kNoTime},
     "A room that has been empty for this long is closed."},
    {kRooms, "heartbeat_timeout", Span{&Options::heartbeat_timeout, kSomeTime},
     "A heartbeat keeps a session alive for this long."},
    {kRooms, "session_grace", Span{&Options::session_grace, kNoTime},
     "After its socket, heartbeat and media are all gone, a session may come back for this long."},

    {kHls, "hls", Switch{&Options::hls},
     "Whether what is published with op.hlsForwarding is an HLS stream too, which whoever has its URL can watch."},
    {kHls, "hls_listen", List{&Options::hls_listen, is_listen_address, kListenAddress},
     "Addresses that serve /hls/… and the player, nothing else, by a thread of their own; those of listen do not then. "
     "Empty: those of listen serve it."},
    {kHls, "hls_url",
     Text{&Options::hls_url, false, is_url, "a URL such as https://cdn.example.org, without a slash at its end"},
     "What clients are told before /hls/…: where players get streams from, such as the address of a CDN or of a proxy "
     "with HTTP/2, as https://cdn.example.org. Empty: a path without a host."},
    {kHls, "hls_tokens", Switch{&Options::hls_tokens},
     "Only who has a token for a room may watch its streams. In open mode it does nothing."},
    {kHls, "hls_audio", AudioCoding{&Options::hls_audio},
     "aac, which every player takes; opus, which is passed through as it came, and not every player takes; both, for "
     "the "
     "player to choose."},
    {kHls, "hls_segment", Span{&Options::hls_segment, Duration::seconds(1), Duration::seconds(10)},
     "How long a segment should be: a publisher is asked for a keyframe as often."},
    {kHls, "hls_part", Span{&Options::hls_part, Duration::millis(100), Duration::seconds(5)},
     "Length of a part, half a segment at most. Players stay three parts behind."},
    {kHls, "hls_return", Span{&Options::hls_return, kNoTime, Duration::seconds(3'600)},
     "A publisher who is gone may come back for this long, and the stream goes on."},
    {kHls, "hls_dvr", Span{&Options::hls_dvr, kNoTime},
     "How far back players may seek, on disk, besides the last segments. 0s: not at all."},
    {kHls, "hls_record", Switch{&Options::hls_record}, "Writes each stream to an MP4 file, as it is made."},
    {kHls, "hls_dir", Text{&Options::hls_dir},
     "Folder of what hls_dvr and hls_record write, in dvr and recordings; made when one of them is on. One server "
     "each."},
    {kHls, "hls_max_streams", Number{&Options::hls_max_streams, 1, 10'000},
     "Streams at a time; one more is published without HLS."},
    {kHls, "hls_max_waiting", Number{&Options::hls_max_waiting, 1, 1'000'000},
     "Players' requests that may wait for what is not there yet; one more is answered 503."},
    {kHls, "hls_max_memory", Number{&Options::hls_max_memory, 16, 1'000'000},
     "MiB of segments kept in memory over all streams; past that the oldest of the longest streams go."},

    {kOperation, "dev", Switch{&Options::dev},
     "Open development mode: no tokens are asked for, on any listen address. Not with keys for tokens."},
    {kOperation, "log_level", LogLevel{&Options::log_level}, "debug, info, warn, error or off."},
    {kOperation, "log_format", LogForm{&Options::log_format}, "text or json."},
    {kOperation, "grace_period", Span{&Options::grace_period, kNoTime},
     "On SIGTERM, how long clients have to go before the server stops."},
});

}  // namespace

std::string Setting::flag() const {
  std::string out = "--" + std::string(name);
  std::ranges::replace(out, '_', '-');
  return out;
}

std::string Setting::variable() const {
  std::string out = "HELIOGRAPH_" + std::string(name);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

std::span<const Setting> settings() { return kSettings; }

}  // namespace heliograph::server
