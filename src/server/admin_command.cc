// SPDX-License-Identifier: Apache-2.0
#include "server/admin_command.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <sstream>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "rest/text.h"
#include "server/admin_views.h"
#include "server/http_client.h"
#include "server/table.h"

namespace heliograph::server {
namespace {

namespace json = boost::json;
using Failure = std::unexpected<Exit>;
using Texts = std::vector<std::string>;

constexpr std::string_view kDefaultUrl = "http://127.0.0.1:8080";
constexpr size_t kPage = 1'000;  // of a list, asked for at once
constexpr size_t kReplyDepth = 16;

Exit wrong_usage(std::string sentence) { return {2, "heliograph: " + std::move(sentence) + "\n"}; }
Exit failed(std::string_view sentence) { return {1, "heliograph: " + printable(sentence) + "\n"}; }

// ── what all commands take ──

struct Common {
  std::string url;
  std::string token;
  std::string ca;
  double timeout = 10;
  bool json = false;
};

void declare(CLI::App& app, Common& common, const Environment& environment) {
  common.url = environment("HELIOGRAPH_URL").value_or(std::string(kDefaultUrl));
  common.token = environment("HELIOGRAPH_TOKEN").value_or("");
  app.add_option("--url", common.url,
                 "Where the server is, http:// or https:// (HELIOGRAPH_URL; else " + std::string(kDefaultUrl) + ")");
  app.add_option("--token", common.token,
                 "A token whose role is admin (HELIOGRAPH_TOKEN, which other users of this machine cannot see in the "
                 "list of processes)");
  app.add_option("--ca", common.ca, "PEM file of the certificates to trust, instead of the system's");
  app.add_option("--timeout", common.timeout, "Seconds to wait for each answer (10)")->check(CLI::Range(0.1, 3600.0));
  app.add_flag("--json", common.json, "Print the answer as JSON");
}

// ── asking ──

class Client {
 public:
  static std::expected<Client, Exit> to(const Common& common) {
    const auto url = Url::parse(common.url);
    if (!url) return Failure(wrong_usage("--url " + printable(common.url) + " is not http://… or https://…"));
    HttpClientOptions options{.url = *url, .ca_file = common.ca};
    options.timeout = base::Duration::millis(static_cast<int64_t>(common.timeout * 1'000));
    return Client(std::move(options), common.token);
  }

  // The answer's JSON, null where there is none; what the server refused is an Exit with its reason.
  std::expected<json::value, Exit> ask(std::string method, std::string target, const json::object* body = nullptr) {
    HttpRequest request{
        .method = std::move(method), .target = std::move(target), .token = token_, .content_type = {}, .body = {}};
    if (body != nullptr) {
      request.content_type = "application/json";
      request.body = json::serialize(*body);
    }
    const auto reply = http_request(options_, request);
    if (!reply) return Failure(failed(reply.error()));
    status_ = reply->status;
    auto value = parsed(reply->body);
    if (reply->status >= 200 && reply->status < 300) return value;
    return Failure(failed(reason(*reply, value)));
  }
  unsigned status() const { return status_; }

 private:
  Client(HttpClientOptions options, std::string token) : options_(std::move(options)), token_(std::move(token)) {}

  static json::value parsed(const std::string& body) {
    json::parse_options limits;
    limits.max_depth = kReplyDepth;
    boost::system::error_code error;
    auto value = json::parse(body, error, {}, limits);
    return error ? json::value() : value;
  }
  // RFC 9457: the detail, else the title, else the bare status.
  static std::string reason(const HttpReply& reply, const json::value& value) {
    for (const auto* name : {"detail", "title"})
      if (const auto* object = value.if_object())
        if (const auto* text = object->if_contains(name); text != nullptr && text->is_string())
          return fmt::format("{} ({})", std::string_view(text->get_string()), reply.status);
    return fmt::format("the server answered with status {}", reply.status);
  }

  HttpClientOptions options_;
  std::string token_;
  unsigned status_ = 0;
};

std::string path_of(std::initializer_list<std::string_view> ids) {
  std::string path = "/v1/rooms";
  size_t depth = 0;
  for (const auto id : ids) {
    path += "/" + rest::percent_encoded(id);
    if (++depth == 1 && ids.size() > 1) path += "/participants";
  }
  return path;
}

// All of a list, page by page, until `limit` of them are there.
std::expected<json::object, Exit> ask_list(Client& client, const std::string& path, const char* name, size_t limit) {
  json::array all;
  std::string after;
  do {
    const auto target =
        fmt::format("{}?limit={}{}", path, std::min(kPage, limit - all.size()), after.empty() ? "" : "&after=" + after);
    const auto page = client.ask("GET", target);
    if (!page) return Failure(page.error());
    const auto* object = page->if_object();
    const auto* items = object == nullptr ? nullptr : object->if_contains(name);
    if (items == nullptr || !items->is_array()) return Failure(failed("the server's answer is not a list"));
    all.insert(all.end(), items->get_array().begin(), items->get_array().end());
    const auto* next = object->if_contains("next");
    after = next != nullptr && next->is_string() ? rest::percent_encoded(std::string_view(next->get_string())) : "";
  } while (!after.empty() && all.size() < limit);
  json::object list;
  list[name] = std::move(all);
  if (!after.empty()) list["next"] = after;
  return list;
}

// ── showing ──

Exit shown(const Common& common, const json::value& value, std::string (*show)(const json::value&)) {
  return {0, common.json ? json::serialize(value) + "\n" : show(value)};
}

Exit shown_list(const Common& common, const json::object& list, std::string (*show)(const json::value&)) {
  auto exit = shown(common, list, show);
  if (!common.json && list.contains("next")) exit.text += "… and more: ask for them with --limit\n";
  return exit;
}

// `sentence` says what was done, where no JSON is wanted.
Exit done(const Common& common, const std::expected<json::value, Exit>& answer, std::string_view sentence) {
  if (!answer) return answer.error();
  if (common.json) return {0, answer->is_null() ? "" : json::serialize(*answer) + "\n"};
  return {0, printable(sentence) + "\n"};
}

// ── the commands: each declares its options, parses, asks and shows ──

using Arguments = Texts;  // behind the name of the command

std::optional<Exit> parse(CLI::App& app, Arguments arguments) {
  std::ranges::reverse(arguments);  // as CLI11 takes them
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    if (app.exit(error, out, err) == 0) return Exit{0, out.str()};
    return wrong_usage(printable(error.what()) + " (" + app.get_name() + " --help says what there is)");
  }
  return std::nullopt;
}

Exit rooms_command(const Arguments& arguments, const Environment& environment) {
  CLI::App app("Lists rooms, in order of their ids.", "heliograph rooms");
  Common common;
  size_t limit = 100;
  app.add_option("--limit", limit, "At most so many (100)")->check(CLI::Range(1, 1'000'000));
  declare(app, common, environment);
  if (auto exit = parse(app, arguments)) return *exit;
  auto client = Client::to(common);
  if (!client) return client.error();
  const auto list = ask_list(*client, path_of({}), "rooms", limit);
  return list ? shown_list(common, *list, rooms_table) : list.error();
}

// A limit as a number, or null for "none". CLI11 has seen that it is one of them.
json::value limit_of(const std::string& text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return text == "none" ? json::value() : json::value(number);
}

// What `create` and `set` have in common.
struct Settings {
  bool persistent = false;
  CLI::Option* persistent_given = nullptr;
  bool hls_tokens = false;
  CLI::Option* hls_tokens_given = nullptr;
  std::array<std::string, 3> limits;

  static constexpr std::array kNames = {"publishers", "users", "sessions"};

  void declare(CLI::App& app) {
    persistent_given = app.add_flag("--persistent,!--no-persistent", persistent, "Stays when it is empty, or not");
    hls_tokens_given = app.add_flag("--hls-tokens,!--no-hls-tokens", hls_tokens,
                                    "Only who has a token for the room may watch its HLS streams, or anybody");
    const auto takes = [](const std::string& text) {
      const bool digits = !text.empty() && text.size() <= 15 && text.find_first_not_of("0123456789") == text.npos;
      return digits || text == "none" ? "" : text + " is neither a whole number nor none";
    };
    for (size_t i = 0; i < kNames.size(); ++i)
      app.add_option(fmt::format("--{}", kNames[i]), limits[i],
                     i == 0 ? std::string("Users who may publish at once, or none for no limit")
                            : fmt::format("As many {} at once, or none for no limit", kNames[i]))
          ->check(CLI::Validator(takes, "NUMBER|none"));
  }
  json::object body() const {
    json::object body, given;
    if (persistent_given->count() > 0) body["persistent"] = persistent;
    if (hls_tokens_given->count() > 0) body["hlsTokens"] = hls_tokens;
    for (size_t i = 0; i < kNames.size(); ++i)
      if (!limits[i].empty()) given[kNames[i]] = limit_of(limits[i]);
    if (!given.empty()) body["limits"] = std::move(given);
    return body;
  }
};

struct RoomVerbs {
  CLI::App* create;
  CLI::App* close;
  CLI::App* participants;
  CLI::App* stats;
  CLI::App* set;
};

Exit created(Client& client, const Common& common, const std::string& rid, const std::string& ch,
             const Settings& settings) {
  auto body = settings.body();
  body["rid"] = rid;
  body["ch"] = ch;
  const auto room = client.ask("POST", path_of({}), &body);
  if (!room) return room.error();
  auto exit = shown(common, *room, room_card);
  if (!common.json) exit.text = (client.status() == 201 ? "created\n" : "was there already, just so\n") + exit.text;
  return exit;
}

Exit changed(Client& client, const Common& common, const std::string& rid, const Settings& settings) {
  const auto body = settings.body();
  if (body.empty()) return wrong_usage("nothing to set (heliograph room RID set --help says what there is)");
  const auto room = client.ask("PATCH", path_of({rid}), &body);
  return room ? shown(common, *room, room_card) : room.error();
}

Exit room_command(Arguments arguments, const Environment& environment) {
  // The id is taken first, so that a room may have the name of a verb. Behind "--" it may begin with a dash.
  if (!arguments.empty() && arguments.front() == "--")
    arguments.erase(arguments.begin());
  else if (!arguments.empty() && arguments.front().starts_with('-') && arguments.front() != "--help" &&
           arguments.front() != "-h")
    return wrong_usage("heliograph room takes the room's id first");
  const bool help = arguments.empty() || arguments.front() == "--help" || arguments.front() == "-h";
  const std::string rid = help ? "" : arguments.front();
  if (!help) arguments.erase(arguments.begin());

  CLI::App app("Shows a room, or does to it what the command says.", "heliograph room RID");
  Common common;
  declare(app, common, environment);
  app.fallthrough();
  app.require_subcommand(0, 1);
  RoomVerbs verbs{app.add_subcommand("create", "Makes the room; no error where it is there just so"),
                  app.add_subcommand("close", "Ends every session and closes the room"),
                  app.add_subcommand("participants", "Lists who is there, and whose role or ban the room remembers"),
                  app.add_subcommand("stats", "Figures, and what is published"),
                  app.add_subcommand("set", "Changes settings")};
  for (auto* verb : {verbs.create, verbs.close, verbs.participants, verbs.stats, verbs.set}) verb->fallthrough();
  std::string ch = "m2m";
  verbs.create->add_option("--ch", ch, "Its type: m2m, a2m or p2p (m2m)")->check(CLI::IsMember({"m2m", "a2m", "p2p"}));
  Settings making, setting;
  making.declare(*verbs.create);
  setting.declare(*verbs.set);
  size_t limit = 1'000;
  verbs.participants->add_option("--limit", limit, "At most so many users (1000)")->check(CLI::Range(1, 1'000'000));
  if (auto exit = parse(app, help ? Arguments{"--help"} : arguments)) return *exit;

  auto client = Client::to(common);
  if (!client) return client.error();
  if (*verbs.create) return created(*client, common, rid, ch, making);
  if (*verbs.set) return changed(*client, common, rid, setting);
  if (*verbs.close) return done(common, client->ask("DELETE", path_of({rid})), "closed");
  if (*verbs.participants) {
    const auto list = ask_list(*client, path_of({rid}) + "/participants", "participants", limit);
    return list ? shown_list(common, *list, participants_table) : list.error();
  }
  const auto answer = client->ask("GET", path_of({rid}) + (*verbs.stats ? "/stats" : ""));
  return answer ? shown(common, *answer, *verbs.stats ? stats_text : room_card) : answer.error();
}

// The positionals that the next four have.
void declare_participant(CLI::App& app, std::string& rid, std::string& user_id) {
  app.add_option("RID", rid, "The room; behind -- it may begin with a dash")->required();
  app.add_option("USERID", user_id, "The user")->required();
}

Exit kick_command(const Arguments& arguments, const Environment& environment) {
  CLI::App app("Ends a user's sessions, or one of them.", "heliograph kick");
  Common common;
  std::string rid, user_id, session_id;
  bool ban = false;
  declare_participant(app, rid, user_id);
  app.add_option("SESSIONID", session_id, "This session only");
  app.add_flag("--ban", ban, "The user cannot come back as long as there is the room; they need not be there now");
  declare(app, common, environment);
  if (auto exit = parse(app, arguments)) return *exit;
  if (ban && !session_id.empty()) return wrong_usage("a ban is of a user, not of one session");
  auto client = Client::to(common);
  if (!client) return client.error();
  const json::object banned{{"banned", true}};
  if (ban) return done(common, client->ask("PUT", path_of({rid, user_id}), &banned), user_id + " is banned");
  const auto path = session_id.empty() ? path_of({rid, user_id}) : path_of({rid, user_id, session_id});
  return done(common, client->ask("DELETE", path), (session_id.empty() ? user_id : session_id) + " was removed");
}

Exit unban_command(const Arguments& arguments, const Environment& environment) {
  CLI::App app("Lets a user come back.", "heliograph unban");
  Common common;
  std::string rid, user_id;
  declare_participant(app, rid, user_id);
  declare(app, common, environment);
  if (auto exit = parse(app, arguments)) return *exit;
  auto client = Client::to(common);
  if (!client) return client.error();
  const json::object body{{"banned", false}};
  return done(common, client->ask("PUT", path_of({rid, user_id}), &body), user_id + " is not banned");
}

Exit role_command(const Arguments& arguments, const Environment& environment) {
  CLI::App app("Gives a user a role, for as long as there is the room.", "heliograph role");
  Common common;
  std::string rid, user_id, role;
  declare_participant(app, rid, user_id);
  app.add_option("ROLE", role, "viewer, publisher or admin")
      ->required()
      ->check(CLI::IsMember({"viewer", "publisher", "admin"}));
  declare(app, common, environment);
  if (auto exit = parse(app, arguments)) return *exit;
  auto client = Client::to(common);
  if (!client) return client.error();
  const json::object body{{"role", role}};
  return done(common, client->ask("PUT", path_of({rid, user_id}), &body), user_id + " is " + role);
}

Exit hls_command(const Arguments& arguments, const Environment& environment) {
  CLI::App app("Makes an HLS stream of what a session publishes, says how it is doing, or ends it.", "heliograph hls");
  Common common;
  std::string verb, rid, user_id, session_id;
  app.add_option("VERB", verb, "start, show or stop")->required()->check(CLI::IsMember({"start", "show", "stop"}));
  declare_participant(app, rid, user_id);
  app.add_option("SESSIONID", session_id, "The session that publishes")->required();
  declare(app, common, environment);
  if (auto exit = parse(app, arguments)) return *exit;
  auto client = Client::to(common);
  if (!client) return client.error();
  const auto path = path_of({rid, user_id, session_id}) + "/hls";
  if (verb == "stop") return done(common, client->ask("DELETE", path), "stopped");
  const auto hls = client->ask(verb == "start" ? "PUT" : "GET", path);
  return hls ? shown(common, *hls, hls_card) : hls.error();
}

struct Named {
  std::string_view name;
  Exit (*run)(Arguments, const Environment&);
};
constexpr std::array kCommands = {
    Named{"rooms", [](Arguments a, const Environment& e) { return rooms_command(a, e); }},
    Named{"room", [](Arguments a, const Environment& e) { return room_command(std::move(a), e); }},
    Named{"kick", [](Arguments a, const Environment& e) { return kick_command(a, e); }},
    Named{"unban", [](Arguments a, const Environment& e) { return unban_command(a, e); }},
    Named{"role", [](Arguments a, const Environment& e) { return role_command(a, e); }},
    Named{"hls", [](Arguments a, const Environment& e) { return hls_command(a, e); }},
};

const Named* command_of(int argc, const char* const* argv) {
  if (argc < 2) return nullptr;
  const auto found = std::ranges::find(kCommands, std::string_view(argv[1]), &Named::name);
  return found == kCommands.end() ? nullptr : &*found;
}

}  // namespace

bool is_admin_command(int argc, const char* const* argv) { return command_of(argc, argv) != nullptr; }

Exit admin_command(int argc, const char* const* argv, const Environment& environment) {
  const auto* command = command_of(argc, argv);
  if (command == nullptr) return wrong_usage("no such command");
  return command->run(Arguments(argv + 2, argv + argc), environment);
}

std::string_view admin_usage() {
  return "  heliograph rooms [options]          list rooms\n"
         "  heliograph room RID [command]       show a room, or create, close, set it; its participants, its stats\n"
         "  heliograph kick RID USERID [SESSIONID] [--ban]\n"
         "                                      end a user's sessions, or one of them\n"
         "  heliograph unban RID USERID         let a user come back\n"
         "  heliograph role RID USERID ROLE     make a user viewer, publisher or admin\n"
         "  heliograph hls start|show|stop RID USERID SESSIONID\n"
         "                                      make an HLS stream of what a session publishes, show or end it\n";
}

}  // namespace heliograph::server
