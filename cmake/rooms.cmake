# How our own code is compiled: with warnings, for the CPU's baseline, sanitizers on request. Products
# and sums are fused only where a kernel says so: else ARM would round in other places than x86.

function(ours target)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/native)
  target_compile_options(${target} PRIVATE -Wall -Wextra -ffp-contract=off -ffunction-sections -fdata-sections)
  if(COUNTENANCE_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${COUNTENANCE_SANITIZE}
                           -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${COUNTENANCE_SANITIZE})
  endif()
endfunction()

# A cross compiler does not look into /usr/include, and must not: of it all it needs Highway, which
# is headers alone.
if(CMAKE_CROSSCOMPILING)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/include)
  file(CREATE_LINK /usr/include/hwy ${CMAKE_BINARY_DIR}/include/hwy SYMBOLIC)
  include_directories(SYSTEM ${CMAKE_BINARY_DIR}/include)
endif()

# One static library countenance_<name> from every source file of native/<name>.
function(room name)
  cmake_parse_arguments(ROOM "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/native/${name}/*.cpp)
  add_library(countenance_${name} STATIC ${sources})
  ours(countenance_${name})
  target_link_libraries(countenance_${name} PUBLIC ${ROOM_LINKS})
endfunction()

# A file of a room that is compiled for one level of CPUs; nothing else may use its instructions
# (nn/kernels.h, index/scan_kernels.h). Their unrolled loops take GCC minutes with sanitizers at -O3, and they share
# nothing between threads: -O1 for addresses, and the thread sanitizer leaves them out.
function(kernel_level file march)
  set(options -DHWY_DISABLE_PCLMUL_AES)  # Highway wants these two with SSE4; the level has not
  if(NOT COUNTENANCE_SANITIZE)
    list(APPEND options -O3)
  elseif(COUNTENANCE_SANITIZE MATCHES "thread")
    list(APPEND options -O2 -fno-sanitize=all)
  endif()
  if((march MATCHES "^x86" AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64") OR
     (march MATCHES "^armv8" AND CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64"))
    list(APPEND options -march=${march} ${ARGN})
  elseif(NOT march)
    list(APPEND options ${ARGN})
  endif()
  set_source_files_properties(${PROJECT_SOURCE_DIR}/native/${file}.cpp PROPERTIES
                              COMPILE_OPTIONS "${options}")
endfunction()

# build/Release/<name>.node: exports Node-API's two entry points, and carries its own C++ runtime,
# so that it also loads where the system's is older.
function(addon name)
  cmake_parse_arguments(ADDON "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/native/napi/*.cpp)
  add_library(${name} MODULE ${sources})
  ours(${name})
  set(exports ${PROJECT_SOURCE_DIR}/cmake/exports.map)
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".node" LINK_DEPENDS ${exports})
  target_link_libraries(${name} PRIVATE ${ADDON_LINKS})
  target_link_options(${name} PRIVATE -Wl,--version-script=${exports} -Wl,--gc-sections)
  if(COUNTENANCE_SANITIZE)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  else()
    set_target_properties(${name} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY ${PROJECT_SOURCE_DIR}/build/Release)
    target_link_options(${name} PRIVATE -static-libgcc -static-libstdc++ -Wl,--strip-all)
  endif()
endfunction()

# One executable per test/native/<subject>_test.cpp, all of them in the target native_tests; only a
# build with sanitizers makes them by default, as it is there to run them. A test links the room
# that has <subject>, so that a room is tested without building the others; a test of no single
# room's file links them all, and is left out where not all are built.
function(native_tests)
  add_custom_target(native_tests)
  file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/test/native/*_test.cpp)
  foreach(test ${tests})
    get_filename_component(name ${test} NAME_WE)
    string(REGEX REPLACE "_test$" "" subject ${name})
    set(rooms countenance_vision countenance_store)
    foreach(room core nn vision index store)
      if(EXISTS ${PROJECT_SOURCE_DIR}/native/${room}/${subject}.h)
        set(rooms countenance_${room})
      endif()
    endforeach()
    if(COUNTENANCE_NO_THIRD_PARTY AND NOT rooms MATCHES "^countenance_(core|nn|index)$")
      continue()
    endif()
    add_executable(${name} ${test})
    ours(${name})
    add_dependencies(native_tests ${name})
    if(NOT COUNTENANCE_SANITIZE)
      set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/test/native)
    target_link_libraries(${name} PRIVATE ${rooms})
    if(name MATCHES "^faiss_oracle_")
      target_link_libraries(${name} PRIVATE third_party::faiss)
    endif()
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endforeach()
endfunction()
