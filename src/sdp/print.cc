// SPDX-License-Identifier: Apache-2.0
#include <iterator>
#include <string>

#include <fmt/format.h>

#include "sdp/description.h"

namespace heliograph::sdp {
namespace {

// Appends lines to a text.
class Printer {
 public:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_.append("\r\n");
  }
  void flag(bool set, std::string_view name) {
    if (set) line("a={}", name);
  }
  void optional(std::string_view prefix, const std::optional<std::string>& value) {
    if (value) line("{}{}", prefix, *value);
  }
  void each(std::string_view prefix, const std::vector<std::string>& values) {
    for (const auto& value : values) line("{}{}", prefix, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string behind(char separator, const std::string& text) { return text.empty() ? "" : separator + text; }

void print(Printer& out, const std::vector<Attribute>& attributes) {
  for (const auto& [name, value] : attributes) value ? out.line("a={}:{}", name, *value) : out.line("a={}", name);
}

void print(Printer& out, const TransportAttributes& transport) {
  out.optional("a=ice-ufrag:", transport.ice_ufrag);
  out.optional("a=ice-pwd:", transport.ice_pwd);
  out.optional("a=ice-options:", transport.ice_options);
  out.each("a=fingerprint:", transport.fingerprints);
  if (transport.setup) out.line("a=setup:{}", to_text(*transport.setup));
}

void print(Printer& out, const ExtMap& map) {
  const std::string direction = map.direction ? fmt::format("/{}", to_text(*map.direction)) : "";
  out.line("a=extmap:{}{} {}{}", map.id, direction, map.uri, behind(' ', map.attributes));
}

void print_formats(Printer& out, const Media& media) {
  for (const auto& m : media.rtpmaps) {
    out.line("a=rtpmap:{} {}/{}{}", m.payload_type, m.encoding, m.clock_rate, behind('/', m.parameters));
  }
  for (const auto& fb : media.feedbacks) {
    out.line("a=rtcp-fb:{} {}", fb.payload_type ? fmt::format("{}", *fb.payload_type) : "*", fb.value);
  }
  for (const auto& f : media.fmtps) out.line("a=fmtp:{}{}", f.payload_type, behind(' ', f.parameters));
}

void print_sources(Printer& out, const Media& media) {
  for (const auto& group : media.source_groups) {
    std::string ssrcs;
    for (const auto ssrc : group.ssrcs) ssrcs += fmt::format(" {}", ssrc);
    out.line("a=ssrc-group:{}{}", group.semantics, ssrcs);
  }
  for (const auto& source : media.sources) {
    out.line("a=ssrc:{}{}{}", source.ssrc, behind(' ', source.name), behind(':', source.value));
  }
}

std::string to_text(const Rid& rid) {
  std::string text = fmt::format("{} {}", rid.id, rid.send ? "send" : "recv");
  std::string_view separator = " ";
  for (size_t i = 0; i < rid.payload_types.size(); ++i) {
    text += fmt::format("{}{}", i == 0 ? " pt=" : ",", rid.payload_types[i]);
    separator = ";";
  }
  for (const auto& [name, value] : rid.restrictions) {
    text.append(separator).append(name).append(value ? "=" + *value : "");
    separator = ";";
  }
  return text;
}

std::string to_text(const std::vector<SimulcastStream>& streams) {
  std::string text;
  for (const auto& stream : streams) {
    if (!text.empty()) text += ';';
    for (size_t i = 0; i < stream.size(); ++i) {
      text.append(i == 0 ? "" : ",").append(stream[i].paused ? "~" : "").append(stream[i].rid);
    }
  }
  return text;
}

void print(Printer& out, const Simulcast& simulcast) {
  std::string text;
  if (!simulcast.send.empty()) text += "send " + to_text(simulcast.send);
  if (!simulcast.recv.empty()) text += (text.empty() ? "recv " : " recv ") + to_text(simulcast.recv);
  out.line("a=simulcast:{}", text);
}

void print(Printer& out, const Media& media) {
  std::string formats;
  for (const auto& format : media.formats) formats += " " + format;
  out.line("m={} {} {}{}", media.kind, media.port, media.protocol, formats);
  out.optional("c=", media.connection);
  out.each("b=", media.bandwidths);
  if (!media.mid.empty()) out.line("a=mid:{}", media.mid);
  print(out, media.transport);
  out.each("a=candidate:", media.candidates);
  out.flag(media.end_of_candidates, "end-of-candidates");
  out.flag(media.bundle_only, "bundle-only");
  if (media.direction) out.line("a={}", to_text(*media.direction));
  out.each("a=msid:", media.msids);
  out.flag(media.rtcp_mux, "rtcp-mux");
  out.flag(media.rtcp_rsize, "rtcp-rsize");
  out.flag(media.extmap_allow_mixed, "extmap-allow-mixed");
  for (const auto& map : media.extmaps) print(out, map);
  print_formats(out, media);
  for (const auto& rid : media.rids) out.line("a=rid:{}", to_text(rid));
  if (media.simulcast) print(out, *media.simulcast);
  print_sources(out, media);
  print(out, media.others);
}

}  // namespace

std::string to_string(const Description& d) {
  Printer out;
  out.line("v=0");
  out.line("o={} {} {} {}", d.origin.username, d.origin.session_id, d.origin.version, d.origin.address);
  out.line("s={}", d.session_name);
  out.optional("c=", d.connection);
  out.each("b=", d.bandwidths);
  out.line("t={}", d.timing);
  for (const auto& group : d.groups) {
    std::string mids;
    for (const auto& mid : group.mids) mids += " " + mid;
    out.line("a=group:{}{}", group.semantics, mids);
  }
  out.flag(d.ice_lite, "ice-lite");
  out.flag(d.extmap_allow_mixed, "extmap-allow-mixed");
  out.optional("a=msid-semantic: ", d.msid_semantic);
  print(out, d.transport);
  if (d.direction) out.line("a={}", to_text(*d.direction));
  print(out, d.others);
  for (const auto& media : d.medias) print(out, media);
  return out.take();
}

}  // namespace heliograph::sdp
