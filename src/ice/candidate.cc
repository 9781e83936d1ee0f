// SPDX-License-Identifier: Apache-2.0
#include "ice/candidate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>

#include "fmt/format.h"

namespace heliograph::ice {
namespace {

constexpr size_t kMaxFoundation = 32;
constexpr size_t kMaxAddress = 255;

struct TypeName {
  CandidateType type;
  std::string_view name;
  uint32_t preference;  // RFC 8445 section 5.1.2.2
};
constexpr std::array<TypeName, 4> kTypes{{{CandidateType::kHost, "host", 126},
                                          {CandidateType::kServerReflexive, "srflx", 100},
                                          {CandidateType::kPeerReflexive, "prflx", 110},
                                          {CandidateType::kRelayed, "relay", 0}}};

const TypeName& entry(CandidateType type) { return *std::ranges::find(kTypes, type, &TypeName::type); }

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }
bool is_ice_char(char c) { return is_alphanumeric(c) || c == '+' || c == '/'; }
// Of an IPv4 or IPv6 address (a zone included) or a host name.
bool is_address_char(char c) {
  return is_alphanumeric(c) || std::string_view(".:-_%").find(c) != std::string_view::npos;
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b; });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Takes words off the front; one after the end is empty, and no word can be empty otherwise.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}
  std::string_view next() {
    const auto start = std::min(rest_.find_first_not_of(' '), rest_.size());
    const auto end = std::min(rest_.find(' ', start), rest_.size());
    const auto word = rest_.substr(start, end - start);
    rest_.remove_prefix(end);
    return word;
  }

 private:
  std::string_view rest_;
};

template <std::unsigned_integral T>
bool read_number(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_address(std::string_view text, std::string& address) {
  address = text;
  return !text.empty() && text.size() <= kMaxAddress && std::ranges::all_of(text, is_address_char);
}

bool read_type(std::string_view text, CandidateType& type) {
  const auto found = std::ranges::find_if(kTypes, [&](const TypeName& t) { return equal_ignoring_case(text, t.name); });
  if (found == kTypes.end()) return false;
  type = found->type;
  return true;
}

// foundation component transport priority address port "typ" type
bool read_fixed_part(Words& words, Candidate& c) {
  c.foundation = words.next();
  const bool foundation =
      !c.foundation.empty() && c.foundation.size() <= kMaxFoundation && std::ranges::all_of(c.foundation, is_ice_char);
  const bool component = read_number(words.next(), c.component) && c.component >= 1 && c.component <= 256;
  const auto transport = words.next();
  c.tcp = equal_ignoring_case(transport, "tcp");
  return foundation && component && (c.tcp || equal_ignoring_case(transport, "udp")) &&
         read_number(words.next(), c.priority) && read_address(words.next(), c.address) &&
         read_number(words.next(), c.port) && words.next() == "typ" && read_type(words.next(), c.type);
}

bool read_extension(std::string_view name, std::string_view value, Candidate& c) {
  if (name == "raddr") return read_address(value, c.related_address.emplace());
  if (name == "rport") return read_number(value, c.related_port.emplace());
  if (name == "tcptype") {
    c.tcp_type = value;
    return value == "active" || value == "passive" || value == "so";
  }
  return true;
}

}  // namespace

std::optional<Candidate> Candidate::parse(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with("a=")) text.remove_prefix(2);
  constexpr std::string_view kName = "candidate:";
  if (!text.starts_with(kName) || text.find_first_of("\r\n") != text.npos) return std::nullopt;
  Words words(text.substr(kName.size()));
  Candidate c;
  if (!read_fixed_part(words, c)) return std::nullopt;
  for (auto name = words.next(); !name.empty(); name = words.next()) {
    const auto value = words.next();  // a last name without a value: browsers have sent it; it says nothing
    if (!value.empty() && !read_extension(name, value, c)) return std::nullopt;
  }
  return c;
}

std::string Candidate::to_string() const {
  auto text = fmt::format("candidate:{} {} {} {} {} {} typ {}", foundation, component, tcp ? "tcp" : "udp", priority,
                          address, port, entry(type).name);
  if (related_address) text += fmt::format(" raddr {}", *related_address);
  if (related_port) text += fmt::format(" rport {}", *related_port);
  if (!tcp_type.empty()) text += fmt::format(" tcptype {}", tcp_type);
  return text;
}

std::optional<base::SocketAddress> Candidate::socket_address() const {
  const auto ip = base::IpAddress::parse(address);
  if (!ip) return std::nullopt;
  return base::SocketAddress{*ip, port};
}

uint32_t candidate_priority(CandidateType type, uint16_t local_preference, uint16_t component) {
  return entry(type).preference << 24 | uint32_t{local_preference} << 8 | (256u - component);
}

}  // namespace heliograph::ice
