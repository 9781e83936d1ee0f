// SPDX-License-Identifier: Apache-2.0
#include "server/disk_thread.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "fmt/format.h"
#include "io/clock.h"
#include "server/scheduling.h"
#include "server/recording_path.h"

namespace heliograph::server {
namespace {

namespace log = base::log;
namespace files = std::filesystem;

constexpr const char* kKept = "dvr";
constexpr const char* kRecordings = "recordings";
constexpr base::Duration kComplain = base::Duration::seconds(60);  // about the same thing at most this often
constexpr unsigned kMaxCopies = 100;                               // of recordings that began in one second

bool write_all(int fd, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

bool read_all(int fd, std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const auto got = ::read(fd, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
  return true;
}

hls::Blob whole_file(int folder, const std::string& path, size_t max) {
  const io::FileDescriptor fd(openat(folder, path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about{};
  if (!fd.valid() || fstat(fd.get(), &about) != 0 || !S_ISREG(about.st_mode)) return nullptr;
  if (static_cast<uint64_t>(about.st_size) > max) return nullptr;
  auto bytes = std::make_shared<std::vector<uint8_t>>(static_cast<size_t>(about.st_size));
  return read_all(fd.get(), *bytes) ? bytes : nullptr;
}

size_t size_of(const hls::Blob& bytes) { return bytes ? bytes->size() : 0; }
std::string kept(const std::string& path) { return fmt::format("{}/{}", kKept, path); }
std::string reason() { return std::strerror(errno); }  // NOLINT(concurrency-mt-unsafe): glibc's is thread-safe

}  // namespace

DiskThread::DiskThread(Options options, io::FileDescriptor folder)
    : options_(std::move(options)), folder_(std::move(folder)) {}

std::expected<std::unique_ptr<DiskThread>, base::Trouble> DiskThread::open(Options options) {
  const auto where = "hls_dir " + options.directory;
  std::error_code error;
  files::create_directories(options.directory, error);
  if (error) return std::unexpected(base::Trouble{error, where});
  io::FileDescriptor folder(::open(options.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return std::unexpected(io::system_trouble(where));
  if (flock(folder.get(), LOCK_EX | LOCK_NB) != 0)
    return std::unexpected(io::system_trouble(where + ", which another server uses"));
  files::remove_all(files::path(options.directory) / kKept, error);
  if (error) return std::unexpected(base::Trouble{error, where + "/" + kKept});
  for (const auto* name : {kKept, kRecordings})
    if (mkdirat(folder.get(), name, 0755) != 0 && errno != EEXIST)
      return std::unexpected(io::system_trouble(where + "/" + name));
  return std::unique_ptr<DiskThread>(new DiskThread(std::move(options), std::move(folder)));
}

DiskThread::~DiskThread() { stop(); }

void DiskThread::start() {
  thread_ = std::thread([this] { run(); });
}

void DiskThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// ── what others ask for ──

// With mutex_ held.
void DiskThread::add(Job job) {
  jobs_.emplace(++next_job_, std::move(job));
  changed_.notify_one();
}

// What reads it later finds nothing. With mutex_ held.
void DiskThread::drop_oldest_write() {
  const auto job = jobs_.find(writes_.front());
  kept_waiting_ -= size_of(std::get<Write>(job->second).bytes);
  jobs_.erase(job);
  writes_.pop_front();
  ++numbers_.kept_dropped;
}

void DiskThread::write(std::string path, hls::Blob bytes) {
  const std::lock_guard lock(mutex_);
  kept_waiting_ += size_of(bytes);
  writes_.push_back(next_job_ + 1);
  add(Write{std::move(path), std::move(bytes)});
  while (kept_waiting_ > options_.max_kept) drop_oldest_write();
}

void DiskThread::read(std::string path, std::function<void(hls::Blob)> done) {
  const std::lock_guard lock(mutex_);
  if (reads_waiting_ == kMaxReads) return options_.to_origin([done = std::move(done)] { done(nullptr); });
  ++reads_waiting_;
  add(Read{std::move(path), std::move(done)});
}

void DiskThread::remove(std::string path) {
  const std::lock_guard lock(mutex_);
  add(Remove{std::move(path)});
}

void DiskThread::record(RecordedBytes bytes) {
  const std::lock_guard lock(mutex_);
  if (refused_.contains(bytes.number)) {
    if (bytes.last) refused_.erase(bytes.number);
    return;
  }
  if (recorded_waiting_ + size_of(bytes.bytes) > options_.max_recorded) {
    log::error("a recording ends too early: the disk is too slow",
               {{"file", recording_path(bytes.stream, bytes.began)}, {"waiting_bytes", recorded_waiting_}});
    ++numbers_.recordings_failed;
    if (!bytes.last) refused_.insert(bytes.number);
    bytes.bytes = nullptr;
    bytes.last = true;
  }
  recorded_waiting_ += size_of(bytes.bytes);
  add(std::move(bytes));
}

bool DiskThread::idle() const {
  const std::lock_guard lock(mutex_);
  return jobs_.empty() && !at_work_ && numbers_.recordings == 0;
}

DiskThread::Numbers DiskThread::numbers() const {
  const std::lock_guard lock(mutex_);
  return numbers_;
}

// ── the thread ──

void DiskThread::run() {
  run_in_background("hls-disk");
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) break;
    auto job = std::move(jobs_.begin()->second);
    jobs_.erase(jobs_.begin());
    if (const auto* write = std::get_if<Write>(&job)) {
      writes_.pop_front();
      kept_waiting_ -= size_of(write->bytes);
    }
    if (std::holds_alternative<Read>(job)) --reads_waiting_;
    if (const auto* bytes = std::get_if<RecordedBytes>(&job)) recorded_waiting_ -= size_of(bytes->bytes);
    at_work_ = true;
    lock.unlock();
    execute(job);
    lock.lock();
    at_work_ = false;
    numbers_.recordings = recordings_.size();
  }
  lock.unlock();
  while (!recordings_.empty()) end_recording(recordings_.begin()->first, nullptr);
  std::error_code ignored;  // the next start clears it as well
  files::remove_all(files::path(options_.directory) / kKept, ignored);
}

void DiskThread::execute(Job& job) {
  if (const auto* write = std::get_if<Write>(&job)) write_now(*write);
  if (auto* read = std::get_if<Read>(&job)) read_now(*read);
  if (const auto* remove = std::get_if<Remove>(&job)) remove_now(*remove);
  if (const auto* bytes = std::get_if<RecordedBytes>(&job)) record_now(*bytes);
}

// All folders that the path names before its last element.
bool DiskThread::make_folders(const std::string& path) const {
  for (size_t at = path.find('/'); at != path.npos; at = path.find('/', at + 1))
    if (mkdirat(folder_.get(), path.substr(0, at).c_str(), 0755) != 0 && errno != EEXIST) return false;
  return true;
}

void DiskThread::write_now(const Write& job) {
  const auto path = kept(job.path);
  const bool done = stays_below(job.path) && job.bytes && write_file(path, *job.bytes);
  if (!done && io::now() >= next_complaint_) {
    log::error("what players may seek back to was not written", {{"file", path}, {"reason", reason()}});
    next_complaint_ = io::now() + kComplain;
  }
  const std::lock_guard lock(mutex_);
  done ? numbers_.kept_bytes += job.bytes->size() : ++numbers_.kept_dropped;
}

// Whole, or it is not there.
bool DiskThread::write_file(const std::string& path, std::span<const uint8_t> bytes) const {
  if (!make_folders(path)) return false;
  const io::FileDescriptor fd(openat(folder_.get(), path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.valid()) return false;
  if (write_all(fd.get(), bytes)) return true;
  const int why = errno;
  unlinkat(folder_.get(), path.c_str(), 0);
  errno = why;
  return false;
}

void DiskThread::read_now(Read& job) {
  auto bytes = stays_below(job.path) ? whole_file(folder_.get(), kept(job.path), kMaxFile) : nullptr;
  options_.to_origin([done = std::move(job.done), bytes = std::move(bytes)] { done(bytes); });
}

// And the folders that are empty without it.
void DiskThread::remove_now(const Remove& job) {
  if (!stays_below(job.path) || unlinkat(folder_.get(), kept(job.path).c_str(), 0) != 0) return;
  auto path = job.path;
  for (auto at = path.rfind('/'); at != path.npos; at = path.rfind('/')) {
    path.resize(at);
    if (unlinkat(folder_.get(), kept(path).c_str(), AT_REMOVEDIR) != 0) return;
  }
}

// The file of the recording, made for its first bytes; nullptr when it cannot be.
DiskThread::File* DiskThread::file_of(const RecordedBytes& job) {
  if (const auto found = recordings_.find(job.number); found != recordings_.end()) return &found->second;
  if (!job.bytes) return nullptr;
  for (unsigned copy = 1; copy <= kMaxCopies; ++copy) {
    auto path = recording_path(job.stream, job.began, copy);
    if (!make_folders(path)) return nullptr;
    io::FileDescriptor fd(openat(folder_.get(), path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd.valid() && errno == EEXIST) continue;
    if (!fd.valid()) return nullptr;
    log::info("recording", {{"file", path}});
    return &recordings_.emplace(job.number, File{std::move(path), std::move(fd), io::now()}).first->second;
  }
  return nullptr;
}

void DiskThread::record_now(const RecordedBytes& job) {
  if (cut_short_.contains(job.number)) {
    if (job.last) cut_short_.erase(job.number);
    return;
  }
  if (job.bytes) {
    File* file = file_of(job);
    if (file == nullptr || !write_all(file->fd.get(), *job.bytes)) {
      const auto why = reason();
      if (file == nullptr)
        log::error("nothing is recorded", {{"file", recording_path(job.stream, job.began)}, {"reason", why}});
      end_recording(job.number, why.c_str());
      if (!job.last) cut_short_.insert(job.number);
      const std::lock_guard lock(mutex_);
      ++numbers_.recordings_failed;
      return;
    }
    if (io::now() - file->synced >= kSync) {
      fdatasync(file->fd.get());
      file->synced = io::now();
    }
    const std::lock_guard lock(mutex_);
    numbers_.recorded_bytes += job.bytes->size();
  }
  if (job.last) end_recording(job.number, nullptr);
}

// why: too early, if not null.
void DiskThread::end_recording(uint64_t number, const char* why) {
  const auto found = recordings_.find(number);
  if (found == recordings_.end()) return;
  if (why != nullptr)
    log::error("a recording ends too early", {{"file", found->second.path}, {"reason", why}});
  else
    log::info("recorded", {{"file", found->second.path}});
  fdatasync(found->second.fd.get());
  recordings_.erase(found);
}

}  // namespace heliograph::server
