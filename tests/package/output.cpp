#include <fathom/output/zstd_codec.hpp>

#include <vector>

int main() {
  const fathom::ZstdCodec zstd;
  const std::vector<std::byte> zeros(1000);
  std::vector<std::byte> packed;
  zstd.compress(zeros, packed);
  std::vector<std::byte> back(1000, std::byte{1});
  return packed.size() < 100 && zstd.decompress(packed, back) && back == zeros ? 0 : 1;
}
