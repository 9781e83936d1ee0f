// SPDX-License-Identifier: Apache-2.0
// Real files in a folder that goes with the test.
#include "server/disk_thread.h"

#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include <sys/stat.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/testing_files.h"

namespace heliograph::server {
namespace {

using testing::HasSubstr;
namespace files = std::filesystem;

hls::Blob blob(std::string_view text) { return std::make_shared<const std::vector<uint8_t>>(text.begin(), text.end()); }
hls::Blob blob(size_t size) { return std::make_shared<const std::vector<uint8_t>>(size, 'x'); }

const plan::HlsStream kStream{"tea", "bob", "s1"};
constexpr int64_t kBegan = 1'767'323'045'000'000;
constexpr const char* kFile = "recordings/tea/bob-s1-20260102T030405Z.mp4";

RecordedBytes piece(uint64_t number, hls::Blob bytes, bool last = false) {
  return {.number = number, .stream = kStream, .began = kBegan, .bytes = std::move(bytes), .last = last};
}

class Disk : public testing::Test {
 protected:
  DiskThread::Options options() const {
    DiskThread::Options o;
    o.directory = folder_.path("hls");
    o.to_origin = [](const std::function<void()>& work) { work(); };
    return o;
  }
  void open(DiskThread::Options o) { disk_ = std::move(DiskThread::open(std::move(o)).value()); }
  void open() { open(options()); }

  std::string text_of(const std::string& path) const {
    std::ifstream file(folder_.path("hls/") + path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return file ? text.str() : "(none)";
  }
  bool is_there(const std::string& path) const { return files::exists(folder_.path("hls/") + path); }
  // What a read answers; all that was asked for before it is done then.
  std::string read(const std::string& path) {
    std::promise<hls::Blob> answer;
    disk_->read(path, [&](const hls::Blob& bytes) { answer.set_value(bytes); });
    const auto bytes = answer.get_future().get();
    return bytes ? std::string(bytes->begin(), bytes->end()) : "(none)";
  }

  testing_files::Folder folder_;
  std::unique_ptr<DiskThread> disk_;
};

TEST_F(Disk, WhatIsWrittenIsReadAndRemovedAgain) {
  open();
  disk_->start();
  disk_->write("p1/v0/3.mp4", blob("three"));
  EXPECT_EQ(read("p1/v0/3.mp4"), "three");
  disk_->remove("p1/v0/3.mp4");
  EXPECT_EQ(read("p1/v0/3.mp4"), "(none)");
  EXPECT_FALSE(is_there("dvr/p1")) << "nor are folders left behind";
  EXPECT_TRUE(is_there("dvr"));
  EXPECT_EQ(disk_->numbers().kept_bytes, 5u);
}

TEST_F(Disk, APathThatLeadsElsewhereDoesNothing) {
  open();
  disk_->start();
  const auto outside = folder_.write("precious", "gold");
  for (const auto* path : {"../../precious", "/etc/hostname", "a/../../../precious", ""}) {
    disk_->write(path, blob("lead"));
    EXPECT_EQ(read(path), "(none)");
    disk_->remove(path);
  }
  disk_->stop();
  EXPECT_EQ(text_of("../precious"), "gold");
  EXPECT_EQ(disk_->numbers().kept_dropped, 4u);
}

TEST_F(Disk, WhenTooMuchWaitsTheOldestWritesAreGivenUp) {
  auto o = options();
  o.max_kept = 250;
  open(std::move(o));
  disk_->record(piece(1, blob("kept")));
  for (const auto* name : {"a", "b", "c", "d"}) disk_->write(name, blob(100));
  EXPECT_EQ(disk_->numbers().kept_dropped, 2u);
  disk_->start();
  EXPECT_EQ(read("a"), "(none)");
  EXPECT_EQ(read("b"), "(none)");
  EXPECT_EQ(read("c").size(), 100u);
  EXPECT_EQ(read("d").size(), 100u);
  EXPECT_EQ(text_of(kFile), "kept");
}

TEST_F(Disk, TooManyReadsAreAnsweredThatThereIsNothing) {
  open();
  size_t answered = 0;
  for (size_t i = 0; i < DiskThread::kMaxReads + 3; ++i)
    disk_->read("a", [&](const hls::Blob& bytes) { answered += bytes == nullptr ? 1 : 0; });
  EXPECT_EQ(answered, 3u);
  disk_->start();
  disk_->stop();
  EXPECT_EQ(answered, DiskThread::kMaxReads + 3);
}

TEST_F(Disk, ARecordingHasItsNameFromTheFirstByteOn) {
  open();
  disk_->start();
  disk_->record(piece(1, blob("ftyp ")));
  EXPECT_EQ(read("no"), "(none)");
  EXPECT_EQ(text_of(kFile), "ftyp ");
  EXPECT_FALSE(disk_->idle());
  disk_->record(piece(1, blob("moof ")));
  disk_->record(piece(1, blob("mfra"), true));
  EXPECT_EQ(read("no"), "(none)");
  EXPECT_EQ(text_of(kFile), "ftyp moof mfra");
  while (!disk_->idle()) std::this_thread::yield();
  EXPECT_EQ(disk_->numbers().recorded_bytes, 14u);
  EXPECT_EQ(disk_->numbers().recordings_failed, 0u);
}

TEST_F(Disk, NoRecordingTakesTheFileOfAnother) {
  open();
  disk_->start();
  for (uint64_t number = 1; number <= 2; ++number) disk_->record(piece(number, blob(std::to_string(number))));
  disk_->stop();
  EXPECT_EQ(text_of(kFile), "1");
  EXPECT_EQ(text_of("recordings/tea/bob-s1-20260102T030405Z-2.mp4"), "2");
}

TEST_F(Disk, ARecordingThatWouldTakeTooMuchMemoryEndsWhole) {
  auto o = options();
  o.max_recorded = 100;
  open(std::move(o));
  disk_->record(piece(1, blob(60)));
  disk_->record(piece(2, blob(40)));
  disk_->record(piece(1, blob(50)));
  EXPECT_EQ(disk_->numbers().recordings_failed, 1u);
  disk_->start();
  EXPECT_EQ(read("no"), "(none)");
  disk_->record(piece(1, blob(10)));
  disk_->record(piece(1, blob(10), true));
  disk_->record(piece(2, blob(10), true));
  disk_->stop();
  EXPECT_EQ(text_of(kFile).size(), 60u) << "nothing is written behind a hole";
  EXPECT_EQ(text_of("recordings/tea/bob-s1-20260102T030405Z-2.mp4").size(), 50u);
  EXPECT_FALSE(is_there("recordings/tea/bob-s1-20260102T030405Z-3.mp4"));
  EXPECT_TRUE(disk_->idle());
}

TEST_F(Disk, ARecordingThatCannotBeWrittenIsGivenUpOnce) {
  open();
  std::ofstream(folder_.path("hls/recordings/tea")) << "in the way";
  disk_->start();
  for (int i = 0; i < 3; ++i) disk_->record(piece(1, blob("x"), i == 2));
  disk_->stop();
  EXPECT_EQ(disk_->numbers().recordings_failed, 1u);
  EXPECT_TRUE(disk_->idle());
}

TEST_F(Disk, StopWritesWhatWaits) {
  open();
  disk_->start();
  for (int i = 0; i < 100; ++i) disk_->record(piece(1, blob("0123456789")));
  disk_->stop();
  EXPECT_EQ(text_of(kFile).size(), 1'000u);
}

TEST_F(Disk, NothingIsKeptForAnotherRun) {
  open();
  disk_->start();
  disk_->write("p/1.mp4", blob("x"));
  disk_->stop();
  EXPECT_FALSE(is_there("dvr"));
  EXPECT_TRUE(is_there("recordings"));
}

TEST_F(Disk, WhatACrashedRunKeptIsClearedAndItsRecordingsAreNot) {
  files::create_directories(folder_.path("hls/dvr/old/v0"));
  files::create_directories(folder_.path("hls/recordings/tea"));
  folder_.write("hls/dvr/old/v0/1.mp4", "old");
  folder_.write("hls/recordings/tea/old.mp4", "film");
  open();
  EXPECT_FALSE(is_there("dvr/old"));
  EXPECT_EQ(text_of("recordings/tea/old.mp4"), "film");
}

TEST_F(Disk, AFolderIsOfOneServer) {
  open();
  auto other = DiskThread::open(options());
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().where, HasSubstr("another server"));
  disk_.reset();
  EXPECT_TRUE(DiskThread::open(options()));
}

TEST_F(Disk, AFolderThatCannotBeMadeIsTrouble) {
  auto o = options();
  o.directory = folder_.write("file", "") + "/hls";
  const auto disk = DiskThread::open(std::move(o));
  ASSERT_FALSE(disk);
  EXPECT_THAT(disk.error().where, HasSubstr("hls_dir"));
}

}  // namespace
}  // namespace heliograph::server
