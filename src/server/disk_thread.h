// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <unordered_set>
#include <variant>
#include <vector>

#include "base/refusal.h"
#include "base/time.h"
#include "io/file_descriptor.h"
#include "origin/origin.h"
#include "server/packaging.h"

namespace heliograph::server {

// Everything that HLS puts on a disk: what an origin keeps for seeking back, below dvr/, which is of no use to another
// run and cleared at start and end; and recordings, below recordings/. A thread in the background does it; files are
// used by nobody else meanwhile.
//
// A recording is written to the file's last name from the first byte on, part after part, and brought to the disk once
// in kSync, so that whatever ends the process, what there is of the file can be played.
class DiskThread final : public origin::Disk {
 public:
  static constexpr base::Duration kSync = base::Duration::seconds(1);
  static constexpr size_t kMaxReads = 4'096;                     // that wait; one more is answered null
  static constexpr size_t kMaxFile = size_t{256} * 1024 * 1024;  // bytes of a file that is read

  struct Options {
    std::string directory;                            // made where it is not there
    size_t max_kept = size_t{64} * 1024 * 1024;       // bytes of write() that wait; then the oldest are given up
    size_t max_recorded = size_t{256} * 1024 * 1024;  // bytes of recordings that wait; then one of them ends there
    // Runs something on the origin's thread, later. From any thread.
    std::function<void(std::function<void()>)> to_origin = {};
  };
  struct Numbers {
    uint64_t kept_bytes = 0;    // written by write()
    uint64_t kept_dropped = 0;  // write()s that were not done: too slow a disk, or an error
    size_t recordings = 0;      // that are being written now
    uint64_t recorded_bytes = 0;
    uint64_t recordings_failed = 0;  // that ended too early
  };

  // Trouble says what is wrong with the folder; that another process uses it, for one.
  static std::expected<std::unique_ptr<DiskThread>, base::Trouble> open(Options options);
  ~DiskThread() override;

  void start();
  // Does all that waits, ends every recording, then the thread.
  void stop();

  // Any thread, all of these.
  void write(std::string path, hls::Blob bytes) override;
  void read(std::string path, std::function<void(hls::Blob)> done) override;
  void remove(std::string path) override;
  void record(RecordedBytes bytes);
  bool idle() const;  // nothing waits, and no recording goes on
  Numbers numbers() const;

 private:
  struct Write {
    std::string path;
    hls::Blob bytes;
  };
  struct Read {
    std::string path;
    std::function<void(hls::Blob)> done;
  };
  struct Remove {
    std::string path;
  };
  using Job = std::variant<Write, Read, Remove, RecordedBytes>;
  struct File {
    std::string path;
    io::FileDescriptor fd;
    base::Timestamp synced;
  };

  DiskThread(Options options, io::FileDescriptor folder);
  void add(Job job);
  void drop_oldest_write();
  void run();
  void execute(Job& job);
  void write_now(const Write& job);
  void read_now(Read& job);
  void remove_now(const Remove& job);
  void record_now(const RecordedBytes& job);
  File* file_of(const RecordedBytes& job);
  void end_recording(uint64_t number, const char* why);
  bool make_folders(const std::string& path) const;
  bool write_file(const std::string& path, std::span<const uint8_t> bytes) const;

  Options options_;
  io::FileDescriptor folder_;               // locked while we live
  std::map<uint64_t, File> recordings_;     // this thread's
  base::Timestamp next_complaint_;          // the same
  std::unordered_set<uint64_t> cut_short_;  // the same: recordings that had an error

  mutable std::mutex mutex_;  // of all that follows
  std::condition_variable changed_;
  std::map<uint64_t, Job> jobs_;  // in the order of their numbers
  std::deque<uint64_t> writes_;   // the numbers of those that are Write
  uint64_t next_job_ = 0;
  size_t kept_waiting_ = 0;  // bytes
  size_t recorded_waiting_ = 0;
  size_t reads_waiting_ = 0;
  std::unordered_set<uint64_t> refused_;  // recordings that ended because too much waited
  bool at_work_ = false;
  bool stopping_ = false;
  Numbers numbers_;
  std::thread thread_;
};

}  // namespace heliograph::server
