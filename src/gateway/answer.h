// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "gateway/counters.h"
#include "gateway/http.h"

namespace heliograph::gateway {

// The answer that one connection waits for, if it waits for one: on one side the connection, whose member this is, on
// the other who holds the Reply. Either may go first. On the gateway's thread.
class Answer {
 public:
  // came: called whenever an answer is there; must not act on it before it returns, for whoever answers is in the
  // middle of something. counters: outlive this.
  Answer(Counters& counters, std::function<void()> came) : counters_(counters), came_(std::move(came)) {}
  ~Answer() { forget(); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  // A request begins; what becomes of it is known by its Reply.
  std::shared_ptr<Reply> open() {
    const auto ticket = std::make_shared<Ticket>(*this);
    ticket_ = ticket.get();
    return ticket;
  }
  bool has_come() const { return response_.has_value(); }
  Response take() { return *std::exchange(response_, std::nullopt); }
  // Nobody waits any more: the Reply is gone().
  void forget() {
    if (ticket_ != nullptr) std::exchange(ticket_, nullptr)->answer = nullptr;
    response_.reset();
  }
  // In place of who was asked; nothing happens if that has answered.
  void preempt(Response response) {
    if (ticket_ == nullptr) return;
    std::exchange(ticket_, nullptr)->answer = nullptr;
    settle(std::move(response));
  }

 private:
  struct Ticket final : Reply {
    explicit Ticket(Answer& a) : answer(&a) {}
    ~Ticket() override {
      if (answer == nullptr) return;
      ++answer->counters_.unanswered;
      send(problem(500, "There is no answer to this request."));
    }
    void send(Response response) override {
      Answer* const to = std::exchange(answer, nullptr);
      if (to == nullptr) return;
      to->ticket_ = nullptr;
      to->settle(std::move(response));
    }
    bool gone() const override { return answer == nullptr; }

    Answer* answer;  // null: the client has gone, or has its answer
  };

  void settle(Response response) {
    response_ = std::move(response);
    came_();
  }

  Counters& counters_;
  std::function<void()> came_;
  Ticket* ticket_ = nullptr;
  std::optional<Response> response_;
};

}  // namespace heliograph::gateway
