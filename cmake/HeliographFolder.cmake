# SPDX-License-Identifier: Apache-2.0
# What every target is compiled with.
add_library(heliograph_options INTERFACE)
target_include_directories(heliograph_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
# -Wsign-conversion is part of clang's -Wconversion but not of gcc's: it drowns real losses in noise about indices.
target_compile_options(heliograph_options INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror -Wno-sign-conversion -fno-omit-frame-pointer
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(HELIOGRAPH_SANITIZE)
  target_compile_options(heliograph_options INTERFACE -fsanitize=${HELIOGRAPH_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(heliograph_options INTERFACE -fsanitize=${HELIOGRAPH_SANITIZE})
endif()
if(HELIOGRAPH_FUZZ)
  target_compile_options(heliograph_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# heliograph_folder(NAME n [USES folders…] [LIBRARIES libs…] [TEST_LIBRARIES libs…])
# One folder of src/ is one static library whose USES are the only folders it may include (tools/check_layers.py holds
# the includes to tools/layers.toml). Sources are *.cc; *_test.cc become the executable <n>_test, a ctest per TEST.
function(heliograph_folder)
  cmake_parse_arguments(F "" "NAME" "USES;LIBRARIES;TEST_LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
  list(REMOVE_ITEM sources ${tests} ${CMAKE_CURRENT_SOURCE_DIR}/main.cc)
  list(TRANSFORM F_USES PREPEND heliograph_)
  if(sources)
    add_library(heliograph_${F_NAME} STATIC ${sources})
    target_link_libraries(heliograph_${F_NAME} PUBLIC heliograph_options ${F_USES} ${F_LIBRARIES})
  else()
    add_library(heliograph_${F_NAME} INTERFACE)
    target_link_libraries(heliograph_${F_NAME} INTERFACE heliograph_options ${F_USES} ${F_LIBRARIES})
  endif()
  if(HELIOGRAPH_TESTS AND tests)
    add_executable(${F_NAME}_test ${tests})
    target_link_libraries(${F_NAME}_test heliograph_${F_NAME} ${F_TEST_LIBRARIES} GTest::gtest_main GTest::gmock)
    gtest_discover_tests(${F_NAME}_test TEST_PREFIX "${F_NAME}: " DISCOVERY_TIMEOUT 60 PROPERTIES LABELS unit TIMEOUT 120)
  endif()
endfunction()
