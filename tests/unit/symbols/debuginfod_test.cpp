// debuginfod: a debug file that only a server on this machine has; a server that is down, and one that never answers.

#include "elf_support.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

namespace fathom {
namespace {

using test::expect_inlined;
using test::Folder;
using test::program;
using test::Sample;

// A server that knows one file, by /buildid/ID/debuginfo.
class Server {
 public:
  enum class Manner { answers, silent };

  Server(std::string build_id, std::string content, Manner manner = Manner::answers)
      : build_id_(std::move(build_id)), content_(std::move(content)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(::ntohs(address.sin_port));
    if (manner == Manner::answers)
      thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable())
      thread_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] int requests() const { return requests_; }

 private:
  void serve() {
    while (true) {
      const UniqueFd peer(::accept(listener_.get(), nullptr, nullptr));
      if (!peer)
        return;
      std::string request;
      std::array<char, 4096> buffer{};
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = ::recv(peer.get(), buffer.data(), buffer.size(), 0);
        if (got <= 0)
          break;
        request.append(buffer.data(), static_cast<std::size_t>(got));
      }
      ++requests_;
      const bool known = request.starts_with("GET /buildid/" + build_id_ + "/debuginfo ");
      const std::string& body = known ? content_ : kNothing;
      std::string answer = known ? "HTTP/1.1 200 OK" : "HTTP/1.1 404 Not Found";
      answer += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
      for (std::size_t sent = 0; sent < answer.size();) {
        const ssize_t count = ::send(peer.get(), answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (count <= 0)
          break;
        sent += static_cast<std::size_t>(count);
      }
    }
  }

  static inline const std::string kNothing;
  std::string build_id_;
  std::string content_;
  std::string url_;
  UniqueFd listener_;
  std::atomic<int> requests_ = 0;
  std::thread thread_;
};

class Debuginfod : public testing::Test {
 protected:
  void SetUp() override {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    if (std::system("debuginfod-find --version >/dev/null 2>&1") != 0)
      GTEST_SKIP() << "there is no debuginfod-find";
    build_id_ =
        ElfSymbolizer::of_file(program("sample"), {.files = test::local_files()}).symbolize(0x1000).module()->build_id;
  }

  [[nodiscard]] std::shared_ptr<ElfFiles> files(const std::string& urls) const {
    return std::make_shared<ElfFiles>(ElfFilesOptions{.debug_roots = {},
                                                      .debuginfod_urls = urls,
                                                      .debuginfod_cache = folder_.path("cache"),
                                                      .debuginfod_timeout = std::chrono::seconds(2)});
  }

  Folder folder_;
  std::string build_id_;
};

TEST_F(Debuginfod, BringsFunctionsAndLines) {
  const Server server(build_id_, test::content_of(program("sample.debug")));
  const Sample sample({program("sample_stripped")});
  auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = files(server.url())});
  EXPECT_EQ(server.requests(), 0);
  const auto hit = symbolizer.symbolize(sample.inlined);
  expect_inlined(hit);
  EXPECT_TRUE(hit.module()->debug_file.starts_with(folder_.path("cache"))) << hit.module()->debug_file;
  EXPECT_EQ(server.requests(), 1);

  // From the cache now.
  auto again = ElfSymbolizer::of_process(sample.pid(), {.files = files(server.url())});
  expect_inlined(again.symbolize(sample.inlined));
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(Debuginfod, IsNotAskedWhereThereIsADebugFile) {
  const Server server(build_id_, test::content_of(program("sample.debug")));
  const Sample sample({program("sample")});
  auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = files(server.url())});
  expect_inlined(symbolizer.symbolize(sample.inlined));
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(Debuginfod, TakesServersFromTheEnvironmentOnly) {
  const char* const before = std::getenv("DEBUGINFOD_URLS");
  const std::string saved = before == nullptr ? "" : before;
  ::setenv("DEBUGINFOD_URLS", "http://127.0.0.1:9", 1);
  EXPECT_EQ(ElfFiles().options().debuginfod_urls, "http://127.0.0.1:9");
  EXPECT_EQ(ElfFiles({.debuginfod_urls = ""}).options().debuginfod_urls, "");
  ::unsetenv("DEBUGINFOD_URLS");
  EXPECT_EQ(ElfFiles().options().debuginfod_urls, "");
  if (before != nullptr)
    ::setenv("DEBUGINFOD_URLS", saved.c_str(), 1);
}

TEST_F(Debuginfod, SaysThatAServerDoesNotKnowTheFile) {
  const Server server("00", "");
  const Sample sample({program("sample_stripped")});
  auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = files(server.url())});
  const auto hit = symbolizer.symbolize(sample.inlined);
  EXPECT_FALSE(hit);
  EXPECT_NE(hit.module()->problem.find("debuginfod"), std::string::npos) << hit.module()->problem;
}

TEST_F(Debuginfod, RefusesAFileWithAnotherBuildId) {
  const Server server(build_id_, test::content_of(program("sample_dwarf4")));
  const Sample sample({program("sample_stripped")});
  auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = files(server.url())});
  EXPECT_FALSE(symbolizer.symbolize(sample.inlined));
}

TEST_F(Debuginfod, SaysThatAServerIsDown) {
  std::string url;
  {
    const Server server(build_id_, "");
    url = server.url();
  }
  const Sample sample({program("sample_stripped")});
  auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = files(url)});
  const auto begin = std::chrono::steady_clock::now();
  const auto hit = symbolizer.symbolize(sample.inlined);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_FALSE(hit);
  EXPECT_NE(hit.module()->problem.find("debuginfod"), std::string::npos) << hit.module()->problem;
}

TEST_F(Debuginfod, DoesNotWaitForASilentServerForLong) {
  const Server server(build_id_, "", Server::Manner::silent);
  const Sample sample({program("sample_stripped")});
  const auto shared = files(server.url());
  auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = shared});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(symbolizer.symbolize(sample.inlined));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(Debuginfod, SaysThatTheClientIsMissing) {
  const auto without = std::make_shared<ElfFiles>(ElfFilesOptions{.debug_roots = {},
                                                                  .debuginfod_urls = "http://127.0.0.1:9",
                                                                  .debuginfod_cache = folder_.path("cache"),
                                                                  .debuginfod_find = "no-such-debuginfod-find"});
  auto symbolizer = ElfSymbolizer::of_file(program("sample_stripped"), {.files = without});
  EXPECT_NE(symbolizer.symbolize(0x1000).module()->problem.find("no-such-debuginfod-find"), std::string::npos);
}

}  // namespace
}  // namespace fathom
