// SPDX-License-Identifier: Apache-2.0
#include "rest/query.h"
#include "rest/test_api.h"
#include "rest/text.h"

namespace heliograph::rest {
namespace {

// ── rooms ──

TEST_F(RestTest, a_room_is_made_once_and_found_where_the_answer_says) {
  const auto made = post(R"({"rid":"tea","ch":"a2m","persistent":true,"limits":{"publishers":2}})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.content_type, "application/json");
  EXPECT_EQ(header(made, "Location"), "/v1/rooms/tea");
  EXPECT_EQ(header(made, "Cache-Control"), "no-store");
  EXPECT_EQ(made.body, R"({"rid":"tea","ch":"a2m","persistent":true,"hlsTokens":false,)"
                       R"("limits":{"publishers":2,"users":null,"sessions":20000},)"
                       R"("creator":"","owner":"","users":0,"sessions":0,"publications":0,"rev":0})");
  EXPECT_EQ(get("/v1/rooms/tea").body, made.body);
  const auto again = post(R"({"rid":"tea","ch":"a2m","persistent":true,"limits":{"publishers":2}})");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, made.body);
  EXPECT_EQ(header(again, "Location"), "/v1/rooms/tea");
}

TEST_F(RestTest, a_room_without_a_name_gets_one) {
  const auto made = post(R"({"ch":"m2m"})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(get(header(made, "Location")).status, 200);
}

TEST_F(RestTest, a_room_that_is_another_is_a_conflict) {
  post(R"({"rid":"tea","ch":"m2m"})");
  const auto other = post(R"({"rid":"tea","ch":"p2p"})");
  EXPECT_EQ(problem_of(other), "409 room-conflict");
  EXPECT_EQ(at(other, "/code"), "4022");
  EXPECT_EQ(problem_of(post(R"({"rid":"tea","ch":"m2m","persistent":true})")), "409 room-conflict");
}

TEST_F(RestTest, a_patch_changes_what_it_names) {
  post(R"({"rid":"tea","ch":"m2m"})");
  const auto first = with_body("PATCH", "/v1/rooms/tea", R"({"persistent":true,"limits":{"users":5,"publishers":0}})",
                               "application/merge-patch+json");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(at(first, "/persistent"), "true");
  EXPECT_EQ(at(first, "/limits"), R"({"publishers":0,"users":5,"sessions":20000})");
  const auto second = with_body("PATCH", "/v1/rooms/tea", R"({"limits":{"sessions":7}})");
  EXPECT_EQ(at(second, "/persistent"), "true");
  EXPECT_EQ(at(second, "/limits"), R"({"publishers":0,"users":5,"sessions":7})");
  // RFC 7396: null takes away.
  const auto third =
      with_body("PATCH", "/v1/rooms/tea", R"({"limits":{"publishers":null,"users":null,"sessions":null}})");
  EXPECT_EQ(at(third, "/limits"), R"({"publishers":null,"users":null,"sessions":20000})");
  EXPECT_EQ(with_body("PATCH", "/v1/rooms/tea", "{}").body, third.body);
  EXPECT_EQ(problem_of(with_body("PATCH", "/v1/rooms/none", "{}")), "404 room-not-found");
}

TEST_F(RestTest, what_a_p2p_room_has_not_cannot_be_set) {
  const auto made = post(R"({"rid":"call","ch":"p2p","limits":{"publishers":null,"users":null,"sessions":4}})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(at(made, "/limits"), R"({"publishers":null,"users":null,"sessions":4})");
  EXPECT_EQ(problem_of(with_body("PATCH", "/v1/rooms/call", R"({"limits":{"users":3}})")), "409 wrong-room-type");
  EXPECT_EQ(problem_of(with_body("PUT", "/v1/rooms/call/participants/bob", R"({"role":"viewer"})")),
            "409 wrong-room-type");
}

TEST_F(RestTest, a_room_is_deleted_once) {
  post(R"({"rid":"tea","ch":"m2m"})");
  join(1, {.user = "ann", .rid = "tea"});
  world.forget();
  const auto gone = del("/v1/rooms/tea");
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.body, "");
  EXPECT_EQ(gone.content_type, "");
  const auto heard = world.heard(1);
  ASSERT_FALSE(heard.empty());
  EXPECT_THAT(heard.front(), HasSubstr("ROOM_CLOSED"));
  const auto again = del("/v1/rooms/tea");
  EXPECT_EQ(problem_of(again), "404 room-not-found");
  EXPECT_EQ(at(again, "/code"), "4001");
}

TEST_F(RestTest, a_list_goes_on_where_its_cursor_says) {
  for (const auto* rid : {"a", "b", "c/ü"}) post(json::serialize(json::object{{"rid", rid}, {"ch", "m2m"}}));
  const auto first = get("/v1/rooms?limit=2");
  EXPECT_EQ(at(first, "/rooms/0/rid") + at(first, "/rooms/1/rid") + at(first, "/rooms/2"), R"("a""b")");
  const auto cursor = std::string(json::parse(first.body).at("next").as_string());
  EXPECT_EQ(header(first, "Link"), "</v1/rooms?limit=2&after=" + cursor + ">; rel=\"next\"");
  const auto second = get("/v1/rooms?limit=2&after=" + cursor);
  EXPECT_EQ(at(second, "/rooms/0/rid"), "\"c/ü\"");
  EXPECT_EQ(at(second, "/next"), "");
  EXPECT_EQ(header(second, "Link"), "");
  EXPECT_EQ(at(get("/v1/rooms"), "/rooms/2/rid"), "\"c/ü\"");
  EXPECT_EQ(at(get("/v1/rooms?limit=1000"), "/next"), "");
}

TEST_F(RestTest, a_query_that_is_not_understood_is_refused) {
  post(R"({"rid":"tea","ch":"m2m"})");
  for (const auto* query :
       {"limit=0", "limit=1001", "limit=-1", "limit=", "limit=1x", "limit=99999999999999999999", "limit=1&limit=1",
        "after=zz", "after=a", "after=", "after=ff", "limt=1", "%zz=1", "limit", "token=x"}) {
    EXPECT_EQ(problem_of(get(std::string("/v1/rooms?") + query)), "400 invalid-request") << query;
    EXPECT_EQ(problem_of(get(std::string("/v1/rooms/tea/participants?") + query)), "400 invalid-request") << query;
  }
  for (const auto* path : {"/v1/rooms/tea?x=1", "/v1/rooms/tea/stats?limit=1"})
    EXPECT_EQ(problem_of(get(path)), "400 invalid-request") << path;
  EXPECT_EQ(problem_of(del("/v1/rooms/tea?force=true")), "400 invalid-request");
  EXPECT_EQ(get("/v1/rooms/tea").status, 200);  // nothing was done
}

// ── bodies ──

TEST_F(RestTest, a_body_that_is_not_understood_says_where) {
  EXPECT_EQ(wrong(post(R"({"rid":"tea","ch":"m2m","peristent":true})")), "#/peristent");
  EXPECT_EQ(wrong(post(R"({"rid":"tea"})")), "#/ch");
  EXPECT_EQ(wrong(post(R"({"rid":"tea","ch":"M2M"})")), "#/ch");
  EXPECT_EQ(wrong(post(R"({"rid":"tea","ch":1})")), "#/ch");
  EXPECT_EQ(wrong(post(R"({"rid":7,"ch":"m2m"})")), "#/rid");
  EXPECT_EQ(wrong(post(R"({"rid":"","ch":"m2m"})")), "#/rid");
  EXPECT_EQ(wrong(post(R"({"rid":")" + std::string(257, 'r') + R"(","ch":"m2m"})")), "#/rid");
  EXPECT_EQ(wrong(post(R"({"ch":"m2m","persistent":"yes"})")), "#/persistent");
  EXPECT_EQ(wrong(post(R"({"ch":"m2m","persistent":null})")), "#/persistent");
  EXPECT_EQ(wrong(post(R"({"ch":"m2m","limits":9})")), "#/limits");
  EXPECT_EQ(wrong(post(R"({"ch":"m2m","limits":{"publishers":-1}})")), "#/limits/publishers");
  EXPECT_EQ(wrong(post(R"({"ch":"m2m","limits":{"users":0}})")), "#/limits/users");
  EXPECT_EQ(wrong(post(R"({"ch":"m2m","limits":{"sessions":1.5}})")), "#/limits/sessions");
  EXPECT_EQ(wrong(post(R"({"ch":"m2m","limits":{"sessions":"9"}})")), "#/limits/sessions");
  EXPECT_EQ(wrong(post(R"({"ch":"m2m","limits":{"a/b~ü":1}})")), "#/limits/a~1b~0%C3%BC");
  EXPECT_EQ(wrong(post(R"({"ch":"m2m","limits":{"sessions":20001}})")), "");
  EXPECT_EQ(world.control.numbers().rooms, 0);
}

TEST_F(RestTest, a_body_that_is_no_json_object_is_refused) {
  for (const auto* body : {"", "{", "[]", "\"ch\"", "null", "7", R"({"ch":"m2m"}{})", R"({"ch":"m2m",})", "{'ch':1}",
                           "{\"ch\":\"\xff\"}", "{\"rid\":\"\\ud800\",\"ch\":\"m2m\"}"})
    EXPECT_EQ(wrong(post(body)), "") << body;
  EXPECT_EQ(wrong(post(std::string(40'000, '['))), "");
  EXPECT_EQ(wrong(post(R"({"ch":)" + std::string(20, '[') + std::string(20, ']') + "}")), "");
  EXPECT_EQ(world.control.numbers().rooms, 0);
}

TEST_F(RestTest, a_body_of_another_type_is_not_read) {
  const std::string body = R"({"rid":"tea","ch":"m2m"})";
  // text/plain and forms are what a page elsewhere could make a browser send without asking us first.
  for (const auto* type :
       {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "application/merge-patch+json"})
    EXPECT_EQ(problem_of(with_body("POST", "/v1/rooms", body, type)), "415 unsupported-media-type") << type;
  EXPECT_EQ(with_body("POST", "/v1/rooms", body, "Application/JSON ; charset=utf-8").status, 201);
  EXPECT_EQ(problem_of(with_body("PATCH", "/v1/rooms/tea", "{}", "application/json-patch+json")),
            "415 unsupported-media-type");
  EXPECT_EQ(problem_of(with_body("PUT", "/v1/rooms/tea/participants/u", "{}", "application/merge-patch+json")),
            "415 unsupported-media-type");
}

// ── paths ──

TEST_F(RestTest, an_id_may_hold_anything_that_is_utf8) {
  for (const std::string rid : {"a/b", "ü ?#%", ".", "..", "participants", "stats", "a%2Fb", "\x01\x7f", "+",
                                "\xf0\x9f\x98\x80", "\"<>\\^`{|}"}) {
    const auto made = post(json::serialize(json::object{{"rid", rid}, {"ch", "m2m"}}));
    ASSERT_EQ(made.status, 201) << rid;
    const auto place = header(made, "Location");
    EXPECT_EQ(place, "/v1/rooms/" + percent_encoded(rid));
    EXPECT_EQ(get(place).body, made.body) << rid;
    EXPECT_EQ(with_body("PUT", place + "/participants/" + percent_encoded(rid), R"({"banned":true})").status, 200);
    EXPECT_EQ(at(get(place + "/participants"), "/participants/0/userId"), json::serialize(json::value(rid)));
    EXPECT_EQ(del(place).status, 204);
  }
  const std::string longest(256, 'r');
  EXPECT_EQ(post(R"({"rid":")" + longest + R"(","ch":"m2m"})").status, 201);
  EXPECT_EQ(get("/v1/rooms/" + longest).status, 200);
}

TEST_F(RestTest, a_path_that_is_not_understood_is_refused) {
  for (const auto* path : {"/v1/rooms/%", "/v1/rooms/%4", "/v1/rooms/%zz", "/v1/rooms/%ff", "/v1/rooms/%c0%80",
                           "/v1/rooms/a/participants/%ed%a0%80", "/v1/rooms/a/participants/b/%"})
    EXPECT_EQ(problem_of(get(path)), "400 invalid-request") << path;
  EXPECT_EQ(problem_of(get("/v1/rooms/" + std::string(257, 'r'))), "400 invalid-request");
  EXPECT_EQ(problem_of(get("/v1/rooms/" + std::string(16'000, 'r'))), "400 invalid-request");
  for (const auto* path :
       {"/v1/rooms/", "/v1/rooms//", "/v1/rooms//stats", "/v1/rooms/a/", "/v1/rooms/a/other", "/v1/rooms/a/stats/b",
        "/v1/rooms/a/participants/", "/v1/rooms/a/participants/b/", "/v1/rooms/a/participants//c",
        "/v1/rooms/a/participants/b/c/d", "/v1/rooms/a/participants/b/c/d/e/f/g"})
    EXPECT_EQ(problem_of(get(path)), "404 not-found") << path;
}

TEST_F(RestTest, a_path_with_other_bytes_comes_back_as_a_reference) {
  const auto response = get("/v1/rooms/\xff\"\\{");
  EXPECT_EQ(problem_of(response), "400 invalid-request");
  EXPECT_EQ(at(response, "/instance"), R"("/v1/rooms/%FF%22%5C%7B")");
}

TEST_F(RestTest, a_method_that_is_not_there_is_told_which_are) {
  post(R"({"rid":"a","ch":"m2m"})");
  const auto allowed = [&](const std::string& method, const std::string& path) {
    const auto response = send(request(method, path));
    EXPECT_EQ(problem_of(response), "405 method-not-allowed");
    return header(response, "Allow");
  };
  EXPECT_EQ(allowed("PUT", "/v1/rooms"), "GET, HEAD, POST");
  EXPECT_EQ(allowed("DELETE", "/v1/rooms"), "GET, HEAD, POST");
  EXPECT_EQ(allowed("POST", "/v1/rooms/a"), "GET, HEAD, PATCH, DELETE");
  EXPECT_EQ(allowed("DELETE", "/v1/rooms/a/stats"), "GET, HEAD");
  EXPECT_EQ(allowed("POST", "/v1/rooms/a/participants"), "GET, HEAD");
  EXPECT_EQ(allowed("GET", "/v1/rooms/a/participants/u"), "PUT, DELETE");
  EXPECT_EQ(allowed("PUT", "/v1/rooms/a/participants/u/s"), "DELETE");
  EXPECT_EQ(allowed("POST", "/v1/rooms/a/participants/u/s/hls"), "GET, HEAD, PUT, DELETE");
  EXPECT_EQ(send(request("OPTIONS", "/v1/rooms")).status, 405);
  EXPECT_EQ(send(request("HEAD", "/v1/rooms/a")).status, 200);
}

// ── participants, stats ──

TEST_F(RestTest, participants_are_listed_given_roles_kicked_and_barred) {
  post(R"({"rid":"r","ch":"m2m"})");
  join(1, {.user = "ann"});
  join(2, {.user = "bob"});
  const auto list = get("/v1/rooms/r/participants?limit=1");
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(at(list, "/participants/0"),
            R"({"userId":"ann","username":"","fullname":"","avatar":"","role":"publisher","owner":true,"banned":false,)"
            R"("sessions":[{"sessionId":"s","category":"stream","host":"Web","deviceId":"d","connected":true,)"
            R"("publishing":false,"video":true,"audio":true,"watching":0}]})");
  EXPECT_THAT(header(list, "Link"), testing::StartsWith("</v1/rooms/r/participants?limit=1&after="));

  const auto given = with_body("PUT", "/v1/rooms/r/participants/bob", R"({"role":"viewer"})");
  EXPECT_EQ(given.status, 200);
  EXPECT_EQ(at(given, "/role"), "\"viewer\"");
  EXPECT_EQ(with_body("PUT", "/v1/rooms/r/participants/bob", R"({"role":"viewer"})").body, given.body);

  EXPECT_EQ(del("/v1/rooms/r/participants/bob/s").status, 204);
  EXPECT_EQ(problem_of(del("/v1/rooms/r/participants/bob/s")), "404 participant-not-found");
  EXPECT_EQ(del("/v1/rooms/r/participants/ann").status, 204);
  EXPECT_EQ(problem_of(del("/v1/rooms/r/participants/ann")), "404 participant-not-found");
  EXPECT_THAT(world.heard(1).back(), HasSubstr(R"("by":"boss")"));

  const auto barred = with_body("PUT", "/v1/rooms/r/participants/ann", R"({"banned":true})");
  EXPECT_EQ(at(barred, "/banned") + at(barred, "/sessions"), "true[]");
  EXPECT_THAT(world.tell(1, say("join", "JOIN", {.user = "ann"})).back(), HasSubstr("4053"));
  EXPECT_EQ(at(with_body("PUT", "/v1/rooms/r/participants/ann", R"({"banned":false})"), "/banned"), "false");
  EXPECT_EQ(problem_of(with_body("PUT", "/v1/rooms/none/participants/ann", R"({"banned":true})")),
            "404 room-not-found");
}

TEST_F(RestTest, a_wish_for_a_participant_that_says_nothing_is_refused) {
  post(R"({"rid":"r","ch":"m2m"})");
  const auto put = [&](const std::string& body) { return with_body("PUT", "/v1/rooms/r/participants/ann", body); };
  EXPECT_EQ(wrong(put("{}")), "");
  EXPECT_EQ(wrong(put(R"({"role":"king"})")), "#/role");
  EXPECT_EQ(wrong(put(R"({"role":null})")), "#/role");
  EXPECT_EQ(wrong(put(R"({"banned":1})")), "#/banned");
  EXPECT_EQ(wrong(put(R"({"role":"viewer","kick":true})")), "#/kick");
  EXPECT_EQ(at(get("/v1/rooms/r/participants"), "/participants"), "[]");
}

TEST_F(RestTest, a_room_without_a_publishers_place_gives_no_publishers_role) {
  post(R"({"rid":"r","ch":"m2m","limits":{"publishers":1}})");
  join(1, {.user = "ann"});
  join(2, {.user = "bob"});
  const auto refused = with_body("PUT", "/v1/rooms/r/participants/bob", R"({"role":"publisher"})");
  EXPECT_EQ(problem_of(refused), "409 room-full");
  EXPECT_EQ(at(refused, "/code"), "4025");
}

TEST_F(RestTest, stats_are_figures) {
  post(R"({"rid":"r","ch":"m2m"})");
  join(1, {.user = "ann"});
  const auto stats = get("/v1/rooms/r/stats");
  EXPECT_EQ(stats.status, 200);
  EXPECT_EQ(stats.body,
            R"({"rid":"r","rev":0,"users":1,"sessions":1,"connected":1,"publishingUsers":0,"downlinks":0,"routes":0,)"
            R"("publicationCount":0,"publications":[]})");
  EXPECT_EQ(problem_of(get("/v1/rooms/none/stats")), "404 room-not-found");
}

// ── who ──

TEST_F(RestTest, who_may_not_operate_learns_nothing_but_that) {
  denial = gateway::Denial{.status = 401, .sentence = "There is no token."};
  for (const auto* path : {"/v1/rooms", "/v1/rooms/none", "/v1/rooms/%", "/v1/rooms/a/other"}) {
    const auto response = get(path);
    EXPECT_EQ(problem_of(response), "401 unauthorized");
    EXPECT_EQ(header(response, "WWW-Authenticate"), "Bearer");  // RFC 6750 section 3.1
  }
  denial = gateway::Denial{.status = 401, .sentence = "Its \"time\" is over.", .error = "invalid_token"};
  EXPECT_EQ(header(post("{}"), "WWW-Authenticate"),
            "Bearer error=\"invalid_token\", error_description=\"Its 'time' is over.\"");
  denial = gateway::Denial{.status = 403, .sentence = "Not an admin.", .error = "insufficient_scope"};
  const auto forbidden = del("/v1/rooms/none");
  EXPECT_EQ(problem_of(forbidden), "403 forbidden");
  EXPECT_THAT(header(forbidden, "WWW-Authenticate"), HasSubstr("insufficient_scope"));
  denial = gateway::Denial{.status = 429, .sentence = "Slower.", .retry_after = base::Duration::seconds(3)};
  const auto slower = get("/v1/rooms");
  EXPECT_EQ(problem_of(slower), "429 too-many-requests");
  EXPECT_EQ(header(slower, "Retry-After"), "3");
}

TEST_F(RestTest, an_operator_of_some_rooms_sees_and_touches_only_those) {
  for (const auto* rid : {"north-1", "south-1", "north-2"})
    post(json::serialize(json::object{{"rid", rid}, {"ch", "m2m"}}));
  who.rooms = {"north-*", "west"};
  const auto list = get("/v1/rooms");
  EXPECT_EQ(at(list, "/rooms/0/rid") + at(list, "/rooms/1/rid") + at(list, "/rooms/2"), R"("north-1""north-2")");
  EXPECT_EQ(get("/v1/rooms/north-1").status, 200);
  for (const auto* path : {"/v1/rooms/south-1", "/v1/rooms/south-1/stats", "/v1/rooms/south-1/participants",
                           "/v1/rooms/nowhere", "/v1/rooms/north-1%2f..%2f"})
    if (const auto response = get(path); std::string_view(path).contains("north")) {
      EXPECT_EQ(problem_of(response), "404 room-not-found");  // it is one id, and it matches
    } else {
      EXPECT_EQ(problem_of(response), "403 forbidden") << path;  // there or not
      EXPECT_THAT(header(response, "WWW-Authenticate"), HasSubstr("insufficient_scope"));
    }
  EXPECT_EQ(problem_of(del("/v1/rooms/south-1")), "403 forbidden");
  EXPECT_EQ(problem_of(del("/v1/rooms/south-1/participants/u")), "403 forbidden");
  EXPECT_EQ(problem_of(with_body("PATCH", "/v1/rooms/south-1", R"({"persistent":true})")), "403 forbidden");
  EXPECT_EQ(problem_of(with_body("PUT", "/v1/rooms/south-1/participants/u", R"({"banned":true})")), "403 forbidden");
  EXPECT_EQ(problem_of(post(R"({"rid":"south-2","ch":"m2m"})")), "403 forbidden");
  EXPECT_EQ(problem_of(post(R"({"ch":"m2m"})")), "403 forbidden");  // any name would be outside
  EXPECT_EQ(post(R"({"rid":"west","ch":"m2m"})").status, 201);
  EXPECT_EQ(world.control.numbers().rooms, 4);
}

TEST_F(RestTest, who_may_not_create_still_operates) {
  post(R"({"rid":"r","ch":"m2m"})");
  who.create = false;
  EXPECT_EQ(problem_of(post(R"({"rid":"s","ch":"m2m"})")), "403 forbidden");
  EXPECT_EQ(get("/v1/rooms/r").status, 200);
  EXPECT_EQ(del("/v1/rooms/r").status, 204);
}

TEST_F(RestTest, a_server_that_stops_makes_no_rooms) {
  world.drain();
  const auto response = post(R"({"ch":"m2m"})");
  EXPECT_EQ(problem_of(response), "503 unavailable");
  EXPECT_EQ(header(response, "Retry-After"), "1");
}

// ── text ──

TEST(RestTextTest, cursors_and_segments_come_back_as_they_were) {
  for (const std::string& text : {std::string("\0x", 2), std::string("a"), std::string("ü/?"), std::string(),
                                  std::string("."), std::string(".."), std::string("a b+c%")}) {
    EXPECT_EQ(from_cursor(to_cursor(text)), text);
    EXPECT_EQ(percent_decoded(percent_encoded(text)), text);
    EXPECT_EQ(to_cursor(text).find_first_not_of("0123456789abcdef"), std::string::npos);
  }
  EXPECT_EQ(percent_encoded("."), "%2E");
  EXPECT_EQ(percent_encoded(".."), "%2E%2E");
  EXPECT_EQ(percent_decoded("a+b"), "a+b");
}

}  // namespace
}  // namespace heliograph::rest
