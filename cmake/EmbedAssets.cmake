# SPDX-License-Identifier: Apache-2.0
# Writes TO/assets.S (every file under FROM, by .incbin) and TO/assets.cc (the table that server/assets.h promises).
file(GLOB_RECURSE files RELATIVE ${FROM} ${FROM}/*)
list(SORT files)
set(assembly "    .section .rodata\n")
set(names "")
set(rows "")
set(n 0)
foreach(file ${files})
  set(type application/octet-stream)
  if(file MATCHES "\\.html$")
    set(type "text/html; charset=utf-8")
  elseif(file MATCHES "\\.m?js$")
    set(type "text/javascript; charset=utf-8")
  elseif(file MATCHES "\\.css$")
    set(type "text/css; charset=utf-8")
  elseif(file MATCHES "\\.svg$")
    set(type image/svg+xml)
  elseif(file MATCHES "\\.(json|map)$")
    set(type application/json)
  elseif(file MATCHES "\\.png$")
    set(type image/png)
  elseif(file MATCHES "\\.webmanifest$")
    set(type application/manifest+json)
  endif()
  file(SHA256 ${FROM}/${file} hash)
  string(SUBSTRING ${hash} 0 16 hash)
  file(SIZE ${FROM}/${file} size)
  string(APPEND assembly "    .balign 16\n    .global heliograph_asset_${n}\nheliograph_asset_${n}:\n    .incbin \"${FROM}/${file}\"\n")
  string(APPEND names "extern \"C\" const char heliograph_asset_${n}[];\n")
  string(APPEND rows "    {\"/${file}\", \"${type}\", {heliograph_asset_${n}, ${size}}, \"\\\"${hash}\\\"\"},\n")
  math(EXPR n "${n} + 1")
endforeach()
string(APPEND assembly "    .section .note.GNU-stack,\"\",@progbits\n")
file(WRITE ${TO}/assets.S "${assembly}")
file(WRITE ${TO}/assets.cc "// Made by cmake/EmbedAssets.cmake from web/dist.
#include \"server/assets.h\"

${names}
namespace heliograph::server {
namespace {
const gateway::Asset kAssets[] = {
${rows}};
}  // namespace

std::span<const gateway::Asset> assets() { return kAssets; }

}  // namespace heliograph::server
")
